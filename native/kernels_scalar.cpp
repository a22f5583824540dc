// Plain C++, for any CPU. Its bits are what the others must reproduce.
#include "vector_scalar.h"

#include "ternary_scalar.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::scalar {

const Kernels* kernels() {
  static const Kernels table = {"scalar", kTokenTile, ternaryScratch, ternary, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::scalar
