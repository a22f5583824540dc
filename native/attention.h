// K/V pages, and attention over them.
//
// A page holds 32 positions of every layer in f16, K and V apart:
//   K [kvHead][dimension][32 positions], so that 32 scores are a chain of fmas without shuffles,
//   V [kvHead][32 positions][dimension].
// Fresh rows are written first and read back like cached ones. Per query and key: one fma
// chain over the dimensions; per query: exact maximum, exponentials, their sum by key index
// mod 16; per output: one fma chain over the keys in order.
#pragma once

#include <vector>

#include "kernels.h"
#include "memory.h"
#include "plan.h"
#include "program.h"
#include "request.h"

namespace unmask {

/** Rows of an activation by row number. */
struct RowsView {
  float* data;
  size_t stride;
  float* row(int r) const { return data + r * stride; }
};

class Attention {
 public:
  Attention(const ModelSpec& spec, const Kernels& kernels, int threads);

  /** Cuts the request into tasks. */
  void prepare(const Request& request);
  /** Whether each task that attends may write what it reads, so that no thread waits for another in between. */
  bool together() const { return together_; }
  int writeTasks() const { return static_cast<int>(writes_.size()) * spec_.kvHeads; }
  int attendTasks(bool asked) const {
    return static_cast<int>((asked ? askedBlocks_ : allBlocks_).size()) * spec_.kvHeads;
  }

  /** Writes K and V of some rows on one page, one K/V head. */
  void write(const AttendStep& step, const RowsView& k, const RowsView& v, int task, int worker);
  /** All that the attending task `task` reads; when together(). */
  void writeFor(const AttendStep& step, const RowsView& k, const RowsView& v, int task, int worker);
  /** Attends some rows with the query heads of one K/V head. Asked: out rows are numbered compactly. */
  void attend(const AttendStep& step, const RowsView& q, const RowsView& out, bool asked, int task, int worker);

  uint64_t kvBytes() const { return pages_.bytes(); }

 private:
  struct PageRows {
    int row, rows;  // of the forward
    int page, offset;
  };
  struct Block {
    int span;
    int first, rows;  // in the numbering of the forward, or of the asked rows
  };
  struct Scratch {
    Region memory;
    float *q, *sums, *scores, *total, *k, *v;
  };

  uint16_t* keys(int layer, int page, int kvHead) const;
  uint16_t* values(int layer, int page, int kvHead) const;
  void turn(float* x, int position) const;
  void addBlocks(std::vector<Block>* blocks, int span, int first, int rows) const;

  const ModelSpec& spec_;
  const Kernels& kernels_;
  const int group_;      // query heads that share a K/V head
  const int blockRows_;  // rows of one task, at most
  const int leastBlocks_;  // that give each thread a task
  const int queries_;    // query vectors of one task, at most
  const int paddedDim_;  // multiple of 32
  const size_t scoreStride_;
  Region pages_;
  std::vector<Scratch> scratch_;
  std::vector<int> visible_;  // [threads][queries_]

  const Request* request_ = nullptr;
  bool together_ = false;
  std::vector<PageRows> writes_;
  std::vector<Block> allBlocks_, askedBlocks_;
};

}  // namespace unmask
