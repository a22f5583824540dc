// Ternary pieces in plain C++: the definition, and what CPUs without AVX2 run.
#pragma once

#include "kernels.h"
#include "vector_scalar.h"

namespace {

using unmask::kGroup;

constexpr int kTokenTile = 8;
constexpr int kRunGroups = 4;

void unpack(const uint8_t* codes, int groups, uint8_t* out) {
  for (int step = 0; step < groups * 4; step++, codes += 128, out += 512)
    for (int field = 0; field < 4; field++)
      for (int i = 0; i < 128; i++) out[field * 128 + i] = (codes[i] >> (2 * field)) & 3;
}

void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t*) {
  for (int g = 0; g < groups; g++, x += rows * kGroup) {
    for (int q = 0; q < 16; q++, unpacked += 128) {
      for (int t = 0; t < rows; t++) {
        const int8_t* quad = x + t * kGroup + q * 4;
        int32_t* sum = sums + 32 * t;
        for (int r = 0; r < 32; r++) {
          const uint8_t* code = unpacked + 4 * r;
          sum[r] += code[0] * quad[0] + code[1] * quad[1] + code[2] * quad[2] + code[3] * quad[3];
        }
      }
    }
  }
}

void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  uint8_t own[2048];
  for (int g = 0; g < groups; g++, codes += 512, x += rows * kGroup) {
    uint8_t* bytes = unpacked == nullptr ? own : unpacked + g * 2048;
    unpack(codes, 1, bytes);
    bufferTile(rows, bytes, x, 1, sums, nullptr);
  }
}

double byteProducts(int steps, int32_t* out) {
  for (int step = 0; step < steps; step++)
    for (int i = 0; i < 16; i++) out[i] += ((step >> i) & 3) * (i - 8);
  return 16.0 * steps;
}

}  // namespace
