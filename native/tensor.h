// Tensors as they lie in the file, and how their rows become numbers.
//
// The slow side of the format: used to look up embeddings, to repack ternary weights once,
// and for weights that have no kernel of their own. Byte layouts: src/format/tensors.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace unmask {

/** In the order of src/format/types.ts. */
enum class TensorType : int { F32, F16, BF16, Q8_0, Q6_K, Q4_0, I2_S, TQ1_0, TQ2_0, Q2_0 };

struct Tensor {
  const uint8_t* data;
  TensorType type;
  int columns, rows;
};

inline bool isTernary(TensorType type) { return type >= TensorType::I2_S; }
inline bool isPlain(TensorType type) { return type <= TensorType::BF16; }

/** Columns that share a scale; 0 for types without blocks. */
int blockColumns(TensorType type);

/** Bytes of a row; for I2_S of its share of the codes, which may not start at a byte. */
size_t rowBytes(TensorType type, int columns);

/** Bytes of the whole tensor, 0 when the columns do not fit the type. */
size_t tensorBytes(TensorType type, int columns, int rows);

/** out[columns] = row `row` in f32. */
void decodeRow(const Tensor& tensor, int row, float* out);

/** codes[columns] of a ternary row, values 0 to 3; scales[columns / blockColumns] where the type has blocks. */
void decodeCodes(const Tensor& tensor, int row, uint8_t* codes, float* scales);

/** Whether every block that is not all zeros has the same scale (I2_S: always), and that scale. */
bool uniformScale(const Tensor& tensor, float* scale);

}  // namespace unmask
