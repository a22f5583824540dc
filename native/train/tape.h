// The program as the trainer runs it: every assignment is a value of its own.
//
// Values are numbered in the order of the nodes that make them. Those that the backward pass
// reads are kept, except outputs of norm and gate, which are cheaper to make again than to keep.
#pragma once

#include <vector>

#include "../program.h"

namespace unmask {

struct Node {
  OpKind kind;
  std::vector<int> inputs;  // values
  int out = -1;             // value; -1 for the head
  int weight = -1, bias = -1, param = 0;
  float eps = 0;
};

struct Value {
  int width = 0;
  int producer = -1;  // node
  int readers = 0;
  int lastReader = -1;
  bool kept = false;
};

struct Tape {
  std::vector<Node> nodes;
  std::vector<Value> values;
};

/** Throws Failure internal where an op reads what nothing wrote. */
Tape makeTape(const ModelSpec& spec);

}  // namespace unmask
