// AVX-512: 28 of 32 registers are accumulators.
#include "../vector_avx512.h"

namespace {
constexpr int kTileRows = 14, kTileVectors = 2;
}

// The engine's kernels come with the header; the trainer takes those from its table.
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tile_kernels.h"

namespace unmask::avx512 {

const TrainKernels* trainKernels() {
  static const TrainKernels table = UNMASK_TRAIN_KERNELS;
  return &table;
}

}  // namespace unmask::avx512
