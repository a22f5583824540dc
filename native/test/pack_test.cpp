// Packing rows in block types: every instruction set against plain loops over one weight after
// the other, byte by byte. test/format/blocks.test.ts holds the same algorithms against ggml.
#include <algorithm>

#include "check.h"
#include "tensor.h"

using namespace unmask;

namespace {

constexpr TensorType kTypes[] = {TensorType::Q8_0, TensorType::Q6_K, TensorType::Q4_0};

void putHalf(uint8_t* p, float x) {
  const uint16_t h = narrowF16(x);
  memcpy(p, &h, 2);
}

float extreme(const std::vector<float>& x, size_t from, size_t count) {
  float most = 0;
  for (size_t i = from; i < from + count; i++)
    if (std::abs(x[i]) > std::abs(most)) most = x[i];
  return most;
}

int clampCode(float x) { return std::max(-32, std::min(31, static_cast<int>(std::nearbyint(x)))); }

struct Fit {
  float scale = 0;
  int codes[16];
};

Fit fit(const std::vector<float>& x, size_t from) {
  Fit best;
  std::fill(best.codes, best.codes + 16, -32);
  const float widest = extreme(x, from, 16);
  if (std::abs(widest) < 1e-15f) return best;
  float score = 0;
  for (const int step : {0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
    const float inverse = -(32 + 0.1f * static_cast<float>(step)) / widest;
    Fit made;
    float product = 0, square = 0;
    for (size_t i = 0; i < 16; i++) {
      const float value = x[from + i], weight = value * value;
      made.codes[i] = clampCode(inverse * value);
      product += weight * value * static_cast<float>(made.codes[i]);
      square += weight * static_cast<float>(made.codes[i]) * static_cast<float>(made.codes[i]);
    }
    if (step != 0 && !(square > 0 && product * product > score * square)) continue;
    made.scale = square > 0 ? product / square : 0;
    score = made.scale * product;
    best = made;
  }
  return best;
}

std::vector<uint8_t> plain(TensorType type, const std::vector<float>& x) {
  std::vector<uint8_t> all(rowBytes(type, static_cast<int>(x.size())), 0);
  uint8_t* out = all.data();
  for (size_t k = 0; type == TensorType::Q8_0 && k < x.size(); k += 32, out += 34) {
    const float scale = std::abs(extreme(x, k, 32)) / 127, inverse = scale == 0 ? 0 : 1 / scale;
    putHalf(out, scale);
    for (size_t i = 0; i < 32; i++) out[2 + i] = static_cast<uint8_t>(static_cast<int>(std::round(x[k + i] * inverse)));
  }
  for (size_t k = 0; type == TensorType::Q4_0 && k < x.size(); k += 32, out += 18) {
    const float scale = extreme(x, k, 32) / -8, inverse = scale == 0 ? 0 : 1 / scale;
    putHalf(out, scale);
    for (size_t i = 0; i < 32; i++) {
      const int code = std::min(15, static_cast<int>(x[k + i] * inverse + 8.5f));
      out[2 + i % 16] |= static_cast<uint8_t>(i < 16 ? code : code << 4);
    }
  }
  for (size_t k = 0; type == TensorType::Q6_K && k < x.size(); k += 256, out += 210) {
    std::vector<Fit> groups;
    std::vector<float> scales;
    for (size_t g = 0; g < 16; g++) {
      groups.push_back(fit(x, k + 16 * g));
      scales.push_back(groups[g].scale);
    }
    const float widest = extreme(scales, 0, 16);
    if (std::abs(widest) < 1e-15f) continue;
    const float inverse = -128.0f / widest, whole = widenF16(narrowF16(1 / inverse));
    putHalf(out + 208, 1 / inverse);
    for (size_t i = 0; i < 256; i++) {
      const int code = std::min(127, static_cast<int>(std::nearbyint(inverse * scales[i / 16])));
      out[192 + i / 16] = static_cast<uint8_t>(code);
      const float scale = whole * static_cast<float>(code);
      const int weight = 32 + (scale == 0 ? groups[i / 16].codes[i % 16] : clampCode(x[k + i] / scale));
      const size_t half = i / 128, field = i / 32 % 4;
      out[64 * half + 32 * (field % 2) + i % 32] |= static_cast<uint8_t>((weight & 15) << (field < 2 ? 0 : 4));
      out[128 + 32 * half + i % 32] |= static_cast<uint8_t>((weight >> 4) << (2 * field));
    }
  }
  return all;
}

std::vector<float> randomRow(Random& random, size_t columns, int kind) {
  std::vector<float> row = random.reals(columns);
  for (size_t i = 0; i < columns; i++) {
    if (kind == 1) row[i] = std::floor(4 * row[i]) / 4;                                        // ties
    if (kind == 2) row[i] *= std::pow(10.0f, static_cast<float>(random.integer(-9, 3)));       // wide
    if (kind == 3 && i / 16 % 3 != 1) row[i] = 0;                                              // groups of zeros
    if (kind == 4) row[i] *= 1e-6f;                                                            // scales below f16's
    if (kind == 5) row[i] = i / 256 % 2 == 0 ? row[i] * 1e-16f : widenF16(narrowF16(row[i]));  // next to nothing
    if (kind == 6) row[i] = -std::abs(row[i]);
  }
  return row;
}

void packing() {
  Random random(40);
  for (int i = 0; i < 210; i++) {
    const TensorType type = kTypes[i % 3];
    const int columns = blockColumns(type) * random.integer(1, 5);
    const std::vector<float> row = randomRow(random, static_cast<size_t>(columns), i % 7);
    const std::vector<uint8_t> expected = plain(type, row);
    for (const Kernels* k : allKernels()) {
      std::vector<uint8_t> found(expected.size(), 0xee);
      k->pack[static_cast<int>(type)](row.data(), columns, found.data());
      if (found != expected) printf("%s, type %d, kind %d\n", k->isa, static_cast<int>(type), i % 7);
      CHECK(found == expected);
    }
  }
}

/** How far a value may be from what was packed, in parts of the largest of its block. */
void errors() {
  Random random(41);
  const double bounds[] = {0.5 / 127 + 0.0005, 1.0 / 32, 1.0 / 8};
  for (size_t t = 0; t < 3; t++) {
    const int block = blockColumns(kTypes[t]), columns = 8 * block;
    const std::vector<float> row = random.reals(static_cast<size_t>(columns));
    std::vector<uint8_t> packed(rowBytes(kTypes[t], columns));
    kernelsFor("scalar")->pack[static_cast<int>(kTypes[t])](row.data(), columns, packed.data());
    std::vector<float> back(row.size());
    decodeRow({packed.data(), kTypes[t], columns, 1}, 0, back.data());
    for (size_t i = 0; i < row.size(); i++) {
      const size_t from = i / static_cast<size_t>(block) * static_cast<size_t>(block);
      CHECK(std::abs(back[i] - row[i]) <= bounds[t] * std::abs(extreme(row, from, static_cast<size_t>(block))));
    }
  }
}

}  // namespace

int main() {
  test("rows packed in q8_0, q6_k and q4_0 as plain loops pack them", packing);
  test("packed rows are near what they were", errors);
  return finish();
}
