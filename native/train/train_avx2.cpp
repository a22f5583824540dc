// AVX2: 12 of 16 registers are accumulators.
#include "../vector_avx2.h"

namespace {
constexpr int kTileRows = 6, kTileVectors = 1;
}

// The engine's kernels come with the header; the trainer takes those from its table.
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tile_kernels.h"

namespace unmask::avx2 {

const TrainKernels* trainKernels() {
  static const TrainKernels table = UNMASK_TRAIN_KERNELS;
  return &table;
}

}  // namespace unmask::avx2
