// AMX (TILE, INT8) for ternary products, AVX-512 for all else. Compiled with AVX-512's flags and nothing shared; null
// where the assembler is too old to know the instructions.
#include "vector_avx512.h"

#include "kernels.h"

#if defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11
#include "ternary_amx.h"

#include "dense_kernels.h"
#include "ternary_panels.h"

namespace unmask::amx {

namespace {

void tiles(const TernaryJob& job, int begin, int end, void* scratch) {
  if (job.tiling.rows <= kFew) return ternary(job, begin, end, scratch);
  startTiles(job.tiling);
  ternary(job, begin, end, scratch);
  endTiles();
}

}  // namespace

const Kernels* kernels() {
  static const Kernels table = {"amx", kTokenTile, ternaryScratch, tiles, UNMASK_FLOAT_KERNELS};
  return &table;
}

}  // namespace unmask::amx
#else
namespace unmask::amx {

const Kernels* kernels() { return nullptr; }

}  // namespace unmask::amx
#endif
