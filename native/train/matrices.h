// Activations of a chunk, taken from and given back to lists of free ones by width.
//
// Columns from the width to the next multiple of 64 are zero, always: kernels read them.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "../kernels.h"
#include "../memory.h"
#include "attend.h"

namespace unmask {

struct Matrix {
  Matrix(int rows, int width)
      : width(width), padded(roundUp(width, kPadding)), stride(static_cast<size_t>(padded) + 16),
        memory(static_cast<size_t>(rows) * stride * sizeof(float)) {}

  int width, padded;
  size_t stride;  // an odd number of cache lines
  Region memory;

  Rows rows() const { return {memory.as<float>(), stride}; }
  float* row(int r) const { return memory.as<float>() + static_cast<size_t>(r) * stride; }
};

class Matrices {
 public:
  using Handle = std::shared_ptr<Matrix>;

  /** Room for that many rows in all that acquire() gives from now on. No handle may be alive. */
  void reserve(int rows) {
    if (rows <= rows_) return;
    rows_ = rows;
    clear();
  }
  void clear() { free_.clear(); }
  Handle acquire(int width) {
    std::vector<std::unique_ptr<Matrix>>& list = free_[width];
    if (list.empty()) list.push_back(std::make_unique<Matrix>(rows_, width));
    Matrix* matrix = list.back().release();
    list.pop_back();
    return Handle(matrix, [this](Matrix* done) { free_[done->width].emplace_back(done); });
  }

 private:
  int rows_ = 0;
  std::map<int, std::vector<std::unique_ptr<Matrix>>> free_;
};

}  // namespace unmask
