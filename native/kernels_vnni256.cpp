// The kernels of AVX-VNNI in the encoding of AVX-512 CPUs, so that they can be run, tested and measured on
// those too. Nobody chooses them there by default.
#include "vector_avx2.h"

#include "ternary_avxvnni.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::vnni256 {

const Kernels* kernels() {
  static const Kernels table = {"avxvnni", kTokenTile, ternaryScratch, ternary, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::vnni256
