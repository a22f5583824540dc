// AVX-512 (F, BW, VL, DQ) with VNNI. Compiled with those flags and nothing shared.
#include "vector_avx512.h"

#include "ternary_avx512.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::avx512 {

const Kernels* kernels() {
  static const Kernels table = {"avx512vnni", kTokenTile, ternaryScratch, ternary, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::avx512
