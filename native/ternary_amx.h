// Ternary pieces with AMX: u8 codes times s8 activations, up to sixteen rows at once, into int32 tiles.
//
// The unpacked codes of a group are two tiles of weights as they lie, one for each half of the panel, and so are the
// activations of up to sixteen rows: TDPBSUD takes 64 columns of 16 weight rows and 16 activation rows, in the time in
// which VPDPBUSD takes two activation rows. A job's tiles have at most two widths that differ by one (Tiling), so one
// is even and one odd, and each has registers of its own; startTiles sets their shapes, endTiles gives them back.
//
// In assembler, with the compiler's flags of AVX-512: the intrinsics want constants for registers anyway.
#pragma once

#include "rows_avx512.h"

namespace {

using unmask::kGroupCodes;
using unmask::kGroupUnpacked;

constexpr int kTokenTile = 16;
constexpr int kFew = 3;               // rows up to which VPDPBUSD is faster: it needs no codes in memory
constexpr int kRunGroups = 10;        // 20 KB unpacked

/** What LDTILECFG reads. */
struct alignas(64) TileShapes {
  uint8_t palette, startRow, reserved[14];
  uint16_t rowBytes[16];
  uint8_t rows[16];
};

#define UNMASK_TILE_LOAD(tile, from, stride) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile : : "r"(from), "r"(static_cast<long>(stride)) : "memory")
#define UNMASK_TILE_STORE(tile, to, stride) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" : : "r"(to), "r"(static_cast<long>(stride)) : "memory")
/** sums += signed activations times unsigned codes. */
#define UNMASK_TILE_ADD(sums, x, codes) asm volatile("tdpbsud %%tmm" #codes ", %%tmm" #x ", %%tmm" #sums : :)

inline void setShapes(const int (&rows)[8]) {
  TileShapes shapes = {};
  shapes.palette = 1;
  for (int tile = 0; tile < 8; tile++) {
    shapes.rowBytes[tile] = 64;
    shapes.rows[tile] = static_cast<uint8_t>(rows[tile]);
  }
  asm volatile("ldtilecfg %0" : : "m"(shapes) : "memory");
}

/** Sums in tiles 0, 1 and activations in 4 for even widths, 2, 3 and 5 for odd ones; codes in 6 and 7. */
inline void startTiles(const unmask::Tiling& tiling) {
  const int narrow = tiling.narrow > 0 ? tiling.narrow : 1, wide = narrow < 16 ? narrow + 1 : narrow - 1;
  const int even = narrow % 2 == 0 ? narrow : wide, odd = narrow % 2 == 0 ? wide : narrow;
  setShapes({even, even, odd, odd, even, odd, 16, 16});
}

inline void endTiles() { asm volatile("tilerelease" : :); }

inline void unpackGroup(const uint8_t* codes, uint8_t* out) {
  const __m512i three = _mm512_set1_epi8(3);
  UNMASK_UNROLL
  for (int step = 0; step < 4; step++, codes += 128, out += 512) {
    __m512i lo = _mm512_loadu_si512(codes), hi = _mm512_loadu_si512(codes + 64);
    prefetch(codes + kAhead);
    prefetch(codes + kAhead + 64);
    UNMASK_UNROLL
    for (int field = 0; field < 4; field++) {
      _mm512_store_si512(out + field * 128, _mm512_and_si512(lo, three));
      _mm512_store_si512(out + field * 128 + 64, _mm512_and_si512(hi, three));
      lo = _mm512_srli_epi16(lo, 2);
      hi = _mm512_srli_epi16(hi, 2);
    }
  }
}

#define UNMASK_TILE_RUN(lo, hi, x)                                                       \
  UNMASK_TILE_LOAD(lo, sums, 128);                                                       \
  UNMASK_TILE_LOAD(hi, sums + 16, 128);                                                  \
  for (int g = 0; g < groups; g++, activations += rows * kGroup, unpacked += kGroupUnpacked) { \
    UNMASK_TILE_LOAD(x, activations, kGroup);                                            \
    UNMASK_TILE_LOAD(6, unpacked, 128);                                                  \
    UNMASK_TILE_ADD(lo, x, 6);                                                           \
    UNMASK_TILE_LOAD(7, unpacked + 64, 128);                                             \
    UNMASK_TILE_ADD(hi, x, 7);                                                           \
  }                                                                                      \
  UNMASK_TILE_STORE(lo, sums, 128);                                                      \
  UNMASK_TILE_STORE(hi, sums + 16, 128)

inline void bufferTile(int rows, const uint8_t* unpacked, const int8_t* activations, int groups, int32_t* sums,
                       const uint8_t* = nullptr) {
  if (rows % 2 == 0) {
    UNMASK_TILE_RUN(0, 1, 4);
  } else {
    UNMASK_TILE_RUN(2, 3, 5);
  }
}

/** Few rows are alone in their job, so that nobody needs the bytes. */
inline void fewRows(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums) {
  if (rows == 1) return firstRows<1, 4, false>(codes, x, groups, sums, nullptr);
  if (rows == 2) return firstRows<2, 2, false>(codes, x, groups, sums, nullptr);
  firstRows<3, 2, false>(codes, x, groups, sums, nullptr);
}

inline void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  if (rows <= kFew) return fewRows(rows, codes, x, groups, sums);
  alignas(64) uint8_t own[kRunGroups * kGroupUnpacked];
  for (int first = 0; first < groups; first += kRunGroups) {
    const int count = groups - first < kRunGroups ? groups - first : kRunGroups;
    uint8_t* bytes = unpacked == nullptr ? own : unpacked;
    for (int g = 0; g < count; g++) unpackGroup(codes + (first + g) * kGroupCodes, bytes + g * kGroupUnpacked);
    bufferTile(rows, bytes, x + first * rows * kGroup, count, sums);
  }
}

double byteProducts(int steps, int32_t* out) {
  setShapes({16, 16, 16, 16, 16, 16, 16, 16});
  for (int step = 0; step < steps; step++) {
    UNMASK_TILE_ADD(0, 4, 6);
    UNMASK_TILE_ADD(1, 4, 7);
    UNMASK_TILE_ADD(2, 5, 6);
    UNMASK_TILE_ADD(3, 5, 7);
  }
  endTiles();
  out[0] = steps;
  return 4.0 * 16 * 16 * 64 * steps;
}

}  // namespace
