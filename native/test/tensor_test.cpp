// Stored tensor types against byte vectors of their specifications, and panels against rows.
//
// The vectors hold the codes c[i] = (x(i + 1) >> 16) mod 3 of the generator below with scale 1.5.
#include "tensor.h"

#include <string>

#include "check.h"
#include "panels.h"

using namespace unmask;

namespace {

std::vector<uint8_t> sequence(int count) {
  std::vector<uint8_t> codes;
  uint32_t x = 1;
  for (int i = 0; i < count; i++) {
    x = (1103515245u * x + 12345u) & 0x7fffffff;
    codes.push_back(static_cast<uint8_t>((x >> 16) % 3));
  }
  return codes;
}

std::vector<uint8_t> fromHex(const std::string& text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct Example {
  TensorType type;
  int columns;
  std::string bytes;
};

const Example kExamples[] = {
    {TensorType::I2_S, 256,
     "a65022695894040428224682162585a02a01042195658514021a2a9852909586264444905a912a95a251048255609010"
     "6a5620a468a904882560966a660186550000c03f"},
    {TensorType::TQ2_0, 256,
     "9a0588692516101028889182945852"
     "0aa8401048565952148"
     "0a4a826850656929811"
     "1106a546a8568a45108255090604a99508"
     "1a296a1022580996a9994092"
     "55003e"},
    {TensorType::TQ1_0, 256,
     "f47341a786d30a0c4e4166b42e47bae454050a3fd59db829073755dc7ac8d6bcf62a4392aa96c367e9902a429cab5975bbcb1a17003e"},
    {TensorType::Q2_0, 64, "003e460990a0002680a9a6050a8982496415"},
};

void examples() {
  for (const Example& example : kExamples) {
    std::vector<uint8_t> bytes = fromHex(example.bytes);
    if (example.type == TensorType::I2_S) bytes.resize(bytes.size() + 28, 0xee);  // anything may follow the scale
    CHECK(bytes.size() == tensorBytes(example.type, example.columns, 1));
    const Tensor tensor = {bytes.data(), example.type, example.columns, 1};
    const std::vector<uint8_t> expected = sequence(example.columns);
    std::vector<uint8_t> codes(expected.size());
    std::vector<float> scales(4), row(expected.size());
    decodeCodes(tensor, 0, codes.data(), scales.data());
    CHECK(codes == expected);
    decodeRow(tensor, 0, row.data());
    for (size_t i = 0; i < row.size(); i++) CHECK(row[i] == 1.5f * static_cast<float>(expected[i] - 1));
    float scale = 0;
    CHECK(uniformScale(tensor, &scale) && scale == 1.5f);
  }
}

/** I2_S groups run on across rows whose length is not a multiple of 128. */
void ragged() {
  const int columns = 192, rows = 4;
  const std::vector<uint8_t> codes = sequence(columns * rows);
  std::vector<uint8_t> bytes(tensorBytes(TensorType::I2_S, columns, rows), 0);
  for (size_t i = 0; i < codes.size(); i++)
    bytes[i / 128 * 32 + i % 32] |= static_cast<uint8_t>(codes[i] << (6 - 2 * (i % 128 / 32)));
  const Tensor tensor = {bytes.data(), TensorType::I2_S, columns, rows};
  for (int r = 0; r < rows; r++) {
    std::vector<uint8_t> found(static_cast<size_t>(columns));
    decodeCodes(tensor, r, found.data(), nullptr);
    CHECK(std::equal(found.begin(), found.end(), codes.begin() + r * columns));
  }
}

/** Blocks of Q2_0, each with its own scale; all-zero blocks carry any. */
void scales() {
  const auto block = [](float scale, uint8_t codes) {
    std::vector<uint8_t> bytes(18, codes);
    const uint16_t d = narrowF16(scale);
    memcpy(bytes.data(), &d, 2);
    return bytes;
  };
  const auto join = [](std::vector<std::vector<uint8_t>> blocks) {
    std::vector<uint8_t> all;
    for (const std::vector<uint8_t>& b : blocks) all.insert(all.end(), b.begin(), b.end());
    return all;
  };
  float scale = 0;
  const std::vector<uint8_t> one = join({block(7, 0x55), block(0.5f, 0xa9), block(0, 0x55), block(0.5f, 0x00)});
  CHECK(uniformScale({one.data(), TensorType::Q2_0, 128, 2}, &scale) && scale == 0.5f);
  const std::vector<uint8_t> two = join({block(0.5f, 0xa9), block(0.25f, 0x00)});
  CHECK(!uniformScale({two.data(), TensorType::Q2_0, 128, 1}, &scale));
  const std::vector<uint8_t> none = join({block(3, 0x55), block(4, 0x55)});
  CHECK(uniformScale({none.data(), TensorType::Q2_0, 128, 1}, &scale) && scale == 0.0f);
}

void panels() {
  const int columns = 320, rows = 37;
  Random random(20);
  std::vector<uint8_t> bytes(tensorBytes(TensorType::Q2_0, columns, rows));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.bits());
  const Tensor tensor = {bytes.data(), TensorType::Q2_0, columns, rows};
  PanelScratch scratch;
  std::vector<uint8_t> expected(static_cast<size_t>(columns));
  std::vector<float> expectedScales(static_cast<size_t>(columns / 64));
  for (int panel = 0; panel < panelCount(rows); panel++) {
    std::vector<uint8_t> packed(panelBytes(columns));
    std::vector<float> blockScales(static_cast<size_t>(columns / 64 * kPanelRows));
    packPanel(tensor, panel, packed.data(), blockScales.data(), &scratch);
    for (int r = 0; r < kPanelRows; r++) {
      const int row = panel * kPanelRows + r;
      std::fill(expected.begin(), expected.end(), static_cast<uint8_t>(1));
      std::fill(expectedScales.begin(), expectedScales.end(), 0.0f);
      if (row < rows) decodeCodes(tensor, row, expected.data(), expectedScales.data());
      for (int k = 0; k < columns; k++) {
        const uint8_t byte = packed[k / 16 * 128 + r / 16 * 64 + r % 16 * 4 + k % 4];
        CHECK(((byte >> (2 * (k % 16 / 4))) & 3) == expected[k]);
      }
      for (int b = 0; b < columns / 64; b++)
        CHECK(memcmp(&blockScales[b * kPanelRows + r], &expectedScales[b], 4) == 0);
    }
  }
}

}  // namespace

int main() {
  test("stored types decode to the specification's codes", examples);
  test("I2_S rows that do not start at a group", ragged);
  test("one scale, several scales, no scale", scales);
  test("panels hold every code and scale at its place", panels);
  return finish();
}
