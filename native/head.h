// Logits of the asked rows, reduced to predictions chunk by chunk of the vocabulary.
//
// A chunk's logits exist only in a thread's scratch; what remains of them are ChunkStats.
// Whole rows of logits are stored only where somebody wants them: in the caller's array,
// or in a row of our own when top_p, top_k or a top list needs it. What the numbers mean is
// defined in src/backend/sampling.ts.
#pragma once

#include <vector>

#include "kernels.h"
#include "memory.h"
#include "program.h"
#include "request.h"
#include "tensor.h"

namespace unmask {

class Head {
 public:
  /** @param weight of [vocabulary, width]; without data for a program without head. */
  Head(const ModelSpec& spec, const Kernels& kernels, const Tensor& weight, int threads);

  void prepare(const Request& request, const Answers& answers);
  int chunks() const { return chunks_; }
  /** Logits and statistics of one chunk for every asked row. x: [asked rows][stride], padded. */
  void runChunk(const float* x, size_t stride, int chunk, int worker);
  /** Combines the chunks of one asked row and writes its answers. */
  void finish(const float* x, size_t stride, int asked, int worker);

 private:
  struct Scratch {
    Region unpacked;  // kSubRows f32 rows of a weight that is not stored as plain floats
    Region logits;    // [asked rows][kChunkStride]
  };
  struct Choice {
    int token;
    float logit;
  };

  int chunkLength(int chunk) const;
  ChunkStats& stats(int asked, int chunk) {
    return stats_[static_cast<size_t>(asked) * chunks_ + static_cast<size_t>(chunk)];
  }
  void multiply(const float* x, size_t stride, int rows, int chunk, int worker);
  Choice sample(const AskedRow& row, const float* x, double max, int asked, int worker);

  const ModelSpec& spec_;
  const Kernels& kernels_;
  const Tensor weight_;
  const int chunks_;
  std::vector<Scratch> scratch_;

  const Request* request_ = nullptr;
  Answers answers_{};
  std::vector<ChunkStats> stats_;  // [asked rows][chunks]
  std::vector<float> stored_;      // logits rows kept for `storedRow`s
  std::vector<int> storedRow_;     // of each asked row, -1 for none
};

}  // namespace unmask
