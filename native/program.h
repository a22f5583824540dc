// A model as the addon receives it: src/backend/program.ts with names turned into numbers.
#pragma once

#include <stdint.h>

#include <optional>
#include <string>
#include <vector>

#include "tensor.h"

namespace unmask {

/** In the order of `opKinds` in src/backend/native-program.ts. */
enum class OpKind : int { Embed, Norm, Linear, Rope, Attend, Gate, Add, Head };

enum class Activation : int { Silu, Relu2 };

/** Activations and weights are indices; -1 where an op has none. */
struct Op {
  OpKind kind;
  int a, b, c;  // activations read: norm, linear, rope, head a; add a, b; gate gate, up; attend q, k, v
  int out;      // activation written; rope: the same as a
  int weight, bias;
  int param;  // rope: heads; attend: layer; gate: Activation
  float eps;
};

struct TensorSpec {
  TensorType type;
  uint64_t offset, bytes;
  int columns, rows;  // vectors have one row
};

struct ModelSpec {
  std::string path;
  std::string isa;  // "" for the best
  int threads;      // 0 for physical cores
  int maxRows, pages;

  std::vector<TensorSpec> tensors;
  std::vector<Op> ops;
  std::vector<int> widths;  // of the activations
  int layers, heads, kvHeads, headDim, vocabulary, contextLength, blockLength;
  float attentionScale;
  int ropeDim;
  bool ropeAdjacent;
  std::vector<float> cos, sin;         // [contextLength, ropeDim / 2]
  std::optional<TensorType> headType;  // requantise the head; nothing: as stored
};

}  // namespace unmask
