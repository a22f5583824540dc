// The op list turned into stages: what is done to all rows, or to a thread's own, before the next is begun.
//
// Row-wise ops in a row (norm, rope, gate, add, and the quantisation that ternary products
// need) become one Rows stage that takes each row through all of them while it is in cache.
// Products of inputs that are all there become one Matmul stage; two that only meet in a gate
// become one product, so that neither is ever stored. After the last attend only
// the rows that somebody asked about go on ("asked" stages, compact numbering).
#pragma once

#include <vector>

#include "program.h"

namespace unmask {

/** Where a row of an activation lies. */
struct Place {
  int buffer = -1;     // a matrix of the forward, or, if local, a row of the thread's own
  bool local = false;  // lives and dies within one Rows stage
  bool full = false;   // read by an asked stage, written before: row asked[i], not i
};

struct RowStep {
  enum class Kind { Embed, Norm, Rope, Gate, Add, Quantise, Copy } kind;
  Place a, b, out;
  int width = 0;
  int weight = -1;  // Embed: the table; Norm: the vector
  int param = 0;    // Rope: heads; Gate: Activation
  int slot = -1;    // Quantise: the quantised matrix written
  float eps = 0;
};

struct Product {
  int weight, bias;
  int input;  // quantised slot for ternary weights, else buffer
  int out;    // buffer
  // With a gate: out = activation(product) * (product with these), and nothing else remains of the two.
  int up = -1, upBias = -1;
  Activation activation = Activation::Silu;
};

struct AttendStep {
  int layer = 0;
  Place q, k, v;
  int out = -1;
  bool ropeQ = false, ropeK = false;  // turn on the way instead of in a pass of its own
};

struct Stage {
  enum class Kind { Rows, Matmul, WriteKv, Attend, Head, Finish } kind;
  bool asked = false;  // over asked rows in compact numbering; WriteKv and Rows before are over all
  std::vector<RowStep> steps;
  std::vector<Product> products;
  AttendStep attend;
  int input = -1, weight = -1;  // Head
};

struct WeightTraits {
  bool ternary;    // of type I2_S, TQ1_0, TQ2_0, Q2_0: takes int8 activations in a linear
  bool blockwise;  // its blocks differ in scale
};

struct Slot {
  int columns = 0;         // of the widest input it holds
  bool groupSums = false;  // some weight that reads it is blockwise
};

struct Plan {
  std::vector<Stage> stages;
  std::vector<int> bufferWidths;  // 0 for buffers that nothing touches
  std::vector<Slot> slots;
  int locals = 0;      // rows a thread needs for itself
  int localWidth = 0;  // of the widest
};

Plan makePlan(const ModelSpec& spec, const std::vector<WeightTraits>& weights);

}  // namespace unmask
