// Plain C++, for any CPU. Its bits are what the others must reproduce.
#include "../vector_scalar.h"

namespace {
constexpr int kTileRows = 1, kTileVectors = 1;
}

// The engine's kernels come with the header; the trainer takes those from its table.
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tile_kernels.h"

namespace unmask::scalar {

const TrainKernels* trainKernels() {
  static const TrainKernels table = UNMASK_TRAIN_KERNELS;
  return &table;
}

}  // namespace unmask::scalar
