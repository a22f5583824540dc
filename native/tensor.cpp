// Row decoders of the stored tensor types; see tensor.h.
#include "tensor.h"

#include <string.h>

#include "half.h"

namespace unmask {

namespace {

constexpr size_t kTrailer = 32;  // I2_S: f32 scale and 28 bytes of anything

uint16_t loadHalf(const uint8_t* p) {
  uint16_t h;
  memcpy(&h, p, 2);
  return h;
}

size_t blockBytes(TensorType type) {
  switch (type) {
    case TensorType::TQ1_0: return 54;  // qs[48], qh[4], d
    case TensorType::TQ2_0: return 66;  // qs[64], d
    case TensorType::Q2_0: return 18;   // d, qs[16]
    case TensorType::Q8_0: return 34;   // d, 32 codes
    case TensorType::Q6_K: return 210;  // low bits, high bits, 16 scales, d
    case TensorType::Q4_0: return 18;   // d, 16 bytes of two codes
    default: return 0;
  }
}

float blockScale(TensorType type, const uint8_t* block) {
  return widenF16(loadHalf(type == TensorType::Q2_0 ? block : block + blockBytes(type) - 2));
}

float tensorScale(const Tensor& tensor) {
  float scale;
  memcpy(&scale, tensor.data + static_cast<size_t>(tensor.rows) * tensor.columns / 4, 4);
  return scale;
}

/** Digit n of a base-3 byte: the byte is a fixed-point fraction, so digits come off the top. */
uint8_t digit(uint8_t byte, int n) {
  static constexpr unsigned kPower[5] = {1, 3, 9, 27, 81};
  return static_cast<uint8_t>((((byte * kPower[n]) & 255) * 3) >> 8);
}

void decodeTq1(const uint8_t* block, uint8_t* codes) {
  for (int n = 0; n < 5; n++) {
    for (int m = 0; m < 32; m++) codes[32 * n + m] = digit(block[m], n);
    for (int m = 0; m < 16; m++) codes[160 + 16 * n + m] = digit(block[32 + m], n);
  }
  for (int n = 0; n < 4; n++)
    for (int m = 0; m < 4; m++) codes[240 + 4 * n + m] = digit(block[48 + m], n);
}

void decodeTq2(const uint8_t* block, uint8_t* codes) {
  for (int half = 0; half < 2; half++)
    for (int field = 0; field < 4; field++)
      for (int m = 0; m < 32; m++) codes[128 * half + 32 * field + m] = (block[32 * half + m] >> (2 * field)) & 3;
}

void decodeQ2(const uint8_t* block, uint8_t* codes) {
  for (int i = 0; i < 64; i++) codes[i] = (block[2 + i / 4] >> (2 * (i % 4))) & 3;
}

/** Weight i of 256; see sixBits in src/format/tensors/blocks.ts. */
float weightQ6(const uint8_t* block, int i) {
  const int half = i / 128, field = i / 32 % 4;
  const int low = (block[64 * half + 32 * (field % 2) + i % 32] >> (field < 2 ? 0 : 4)) & 15;
  const int high = (block[128 + 32 * half + i % 32] >> (2 * field)) & 3;
  const float scale = widenF16(loadHalf(block + 208)) * static_cast<float>(static_cast<int8_t>(block[192 + i / 16]));
  return scale * static_cast<float>((low | high << 4) - 32);
}

void decodeBlock(TensorType type, const uint8_t* block, uint8_t* codes) {
  if (type == TensorType::TQ1_0) decodeTq1(block, codes);
  else if (type == TensorType::TQ2_0) decodeTq2(block, codes);
  else decodeQ2(block, codes);
}

/** Groups of 128 weights in 32 bytes, the first 32 of them in the top bits. Groups run on across rows. */
uint8_t i2sCode(const uint8_t* data, size_t i) { return (data[i / 128 * 32 + i % 32] >> (6 - 2 * (i % 128 / 32))) & 3; }

void decodeI2s(const Tensor& tensor, int row, uint8_t* codes) {
  const size_t start = static_cast<size_t>(row) * tensor.columns;
  if (start % 128 == 0 && tensor.columns % 128 == 0) {
    const uint8_t* group = tensor.data + start / 4;
    for (int k = 0; k < tensor.columns; k += 128, group += 32)
      for (int field = 0; field < 4; field++)
        for (int p = 0; p < 32; p++) codes[k + 32 * field + p] = (group[p] >> (6 - 2 * field)) & 3;
    return;
  }
  for (int k = 0; k < tensor.columns; k++) codes[k] = i2sCode(tensor.data, start + static_cast<size_t>(k));
}

}  // namespace

int blockColumns(TensorType type) {
  switch (type) {
    case TensorType::TQ1_0:
    case TensorType::TQ2_0:
    case TensorType::Q6_K: return 256;
    case TensorType::Q2_0: return 64;
    case TensorType::Q8_0:
    case TensorType::Q4_0: return 32;
    default: return 0;
  }
}

size_t rowBytes(TensorType type, int columns) {
  const size_t n = static_cast<size_t>(columns);
  switch (type) {
    case TensorType::F32: return 4 * n;
    case TensorType::F16:
    case TensorType::BF16: return 2 * n;
    case TensorType::I2_S: return n / 4;
    default: return n / static_cast<size_t>(blockColumns(type)) * blockBytes(type);
  }
}

size_t tensorBytes(TensorType type, int columns, int rows) {
  const size_t n = static_cast<size_t>(columns) * rows;
  if (type == TensorType::I2_S) return n % 128 == 0 ? n / 4 + kTrailer : 0;
  const int block = blockColumns(type);
  if (block != 0 && columns % block != 0) return 0;
  return rowBytes(type, columns) * static_cast<size_t>(rows);
}

void decodeCodes(const Tensor& tensor, int row, uint8_t* codes, float* scales) {
  if (tensor.type == TensorType::I2_S) return decodeI2s(tensor, row, codes);
  const int width = blockColumns(tensor.type);
  const uint8_t* block = tensor.data + row * rowBytes(tensor.type, tensor.columns);
  for (int b = 0; b < tensor.columns / width; b++, block += blockBytes(tensor.type)) {
    decodeBlock(tensor.type, block, codes + b * width);
    scales[b] = blockScale(tensor.type, block);
  }
}

bool uniformScale(const Tensor& tensor, float* scale) {
  if (tensor.type == TensorType::I2_S) {
    *scale = tensorScale(tensor);
    return true;
  }
  const size_t width = static_cast<size_t>(blockColumns(tensor.type)), bytes = blockBytes(tensor.type);
  const size_t blocks = static_cast<size_t>(tensor.columns) / width * static_cast<size_t>(tensor.rows);
  const uint8_t* block = tensor.data;
  bool found = false;
  *scale = 0.0f;
  for (size_t b = 0; b < blocks; b++, block += bytes) {
    const float d = blockScale(tensor.type, block);
    if (found && d == *scale) continue;
    uint8_t codes[256];
    decodeBlock(tensor.type, block, codes);
    bool empty = true;
    for (size_t i = 0; i < width; i++) empty = empty && codes[i] == 1;
    if (empty) continue;
    if (found) return false;
    found = true;
    *scale = d;
  }
  return true;
}

void decodeRow(const Tensor& tensor, int row, float* out) {
  const int n = tensor.columns;
  const uint8_t* data = tensor.data + row * rowBytes(tensor.type, n);
  switch (tensor.type) {
    case TensorType::F32: memcpy(out, data, 4 * static_cast<size_t>(n)); return;
    case TensorType::F16:
      for (int k = 0; k < n; k++) out[k] = widenF16(loadHalf(data + 2 * k));
      return;
    case TensorType::BF16:
      for (int k = 0; k < n; k++) out[k] = widenBF16(loadHalf(data + 2 * k));
      return;
    case TensorType::Q8_0:
      for (int k = 0; k < n; k++) {
        const uint8_t* block = data + static_cast<size_t>(k / 32) * 34;
        out[k] = widenF16(loadHalf(block)) * static_cast<float>(static_cast<int8_t>(block[2 + k % 32]));
      }
      return;
    case TensorType::Q6_K:
      for (int k = 0; k < n; k++) out[k] = weightQ6(data + static_cast<size_t>(k / 256) * 210, k % 256);
      return;
    case TensorType::Q4_0:
      for (int k = 0; k < n; k++) {
        const uint8_t* block = data + static_cast<size_t>(k / 32) * 18;
        const int code = (block[2 + k % 16] >> (k % 32 < 16 ? 0 : 4)) & 15;
        out[k] = widenF16(loadHalf(block)) * static_cast<float>(code - 8);
      }
      return;
    case TensorType::I2_S: {
      const float scale = tensorScale(tensor);
      const size_t start = static_cast<size_t>(row) * n;
      for (int k = 0; k < n; k++)
        out[k] = static_cast<float>(i2sCode(tensor.data, start + static_cast<size_t>(k)) - 1) * scale;
      return;
    }
    default: {
      const int width = blockColumns(tensor.type);
      uint8_t codes[256];
      for (int k = 0; k < n; k += width, data += blockBytes(tensor.type)) {
        decodeBlock(tensor.type, data, codes);
        const float scale = blockScale(tensor.type, data);
        for (int i = 0; i < width; i++) out[k + i] = static_cast<float>(codes[i] - 1) * scale;
      }
    }
  }
}

}  // namespace unmask
