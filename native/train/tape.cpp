// Names to values; see tape.h.
#include "tape.h"

#include "../failure.h"

namespace unmask {

namespace {

/** Inputs (by position) that the gradient of an op is computed from. */
bool needsInput(OpKind kind) {
  return kind == OpKind::Norm || kind == OpKind::Linear || kind == OpKind::Attend || kind == OpKind::Gate;
}

}  // namespace

Tape makeTape(const ModelSpec& spec) {
  Tape tape;
  std::vector<int> current(spec.widths.size(), -1);  // value that a name stands for
  for (const Op& op : spec.ops) {
    Node node;
    node.kind = op.kind;
    node.weight = op.weight;
    node.bias = op.bias;
    node.param = op.param;
    node.eps = op.eps;
    const int index = static_cast<int>(tape.nodes.size());
    for (const int name : {op.a, op.b, op.c}) {
      if (name < 0) continue;
      const int value = current[static_cast<size_t>(name)];
      if (value < 0) throw Failure("internal", "The program reads an activation before it writes it.");
      Value& read = tape.values[static_cast<size_t>(value)];
      read.readers++;
      read.lastReader = index;
      const OpKind producer = tape.nodes[static_cast<size_t>(read.producer)].kind;
      if (needsInput(op.kind) && producer != OpKind::Norm && producer != OpKind::Gate) read.kept = true;
      node.inputs.push_back(value);
    }
    if (op.out >= 0) {
      node.out = static_cast<int>(tape.values.size());
      current[static_cast<size_t>(op.out)] = node.out;
      Value made;
      made.width = spec.widths[static_cast<size_t>(op.out)];
      made.producer = index;
      tape.values.push_back(made);
    }
    tape.nodes.push_back(std::move(node));
  }
  return tape;
}

}  // namespace unmask
