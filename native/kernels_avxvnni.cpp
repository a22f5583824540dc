// AVX2 with AVX-VNNI. Compiled with AVX2's flags and nothing shared; null where the compiler is too old to
// know the instruction.
#include "vector_avx2.h"

#include "kernels.h"

#if defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11
#include "ternary_avxvnni.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::avxvnni {

const Kernels* kernels() {
  static const Kernels table = {"avxvnni", kTokenTile, ternaryScratch, ternary, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::avxvnni
#else
namespace unmask::avxvnni {

const Kernels* kernels() { return nullptr; }

}  // namespace unmask::avxvnni
#endif
