// AVX2 with FMA and F16C. Compiled with those flags and nothing shared.
#include "vector_avx2.h"

#include "ternary_avx2.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::avx2 {

const Kernels* kernels() {
  static const Kernels table = {"avx2", kTokenTile, ternaryScratch, ternary, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::avx2
