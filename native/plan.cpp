// Building stages from ops; see plan.h.
//
// Activation names are variables: each op that writes one makes a new value. First every
// value's definition and uses are found, then stages are built op by op, then places are
// given to values: a local row, the variable's buffer, or, for a variable that is still read
// across the asked boundary, a second buffer.
#include "plan.h"

#include <algorithm>

namespace unmask {

namespace {

struct Value {
  int variable = -1;
  int definedBy = -1;        // op
  std::vector<int> usedBy;   // ops
  int slot = -1;             // quantised form, once made
  bool slotAsked = false;    // and whether its rows are the asked ones
  int readersLeft = 0;       // ternary products still to read the slot
  int stage = -1;            // Rows stage that defines it, -1 for other stages
  bool leavesStage = false;  // read outside that stage, or by something other than a row step
  int local = -1;
};

/** A row step with values where the plan has places. */
struct DraftStep {
  RowStep step;
  int a = -1, b = -1, out = -1;  // values
};

class Planner {
 public:
  Planner(const ModelSpec& spec, const std::vector<WeightTraits>& weights) : spec_(spec), weights_(weights) {}

  Plan make() {
    findValues();
    for (size_t op = 0; op < spec_.ops.size(); op++) place(static_cast<int>(op));
    for (size_t stage = 0; stage + 1 < plan_.stages.size(); stage++) fuseGate(stage);
    resolve();
    return std::move(plan_);
  }

 private:
  struct OpValues {
    int a = -1, b = -1, c = -1, out = -1;
  };

  bool ternary(const Op& op) const { return op.kind == OpKind::Linear && weights_[op.weight].ternary; }
  const Op& op(int index) const { return spec_.ops[index]; }
  Value& value(int index) { return values_[index]; }
  int widthOf(int v) { return spec_.widths[value(v).variable]; }
  bool asked(int opIndex) const { return opIndex > lastAttend_; }
  /** Rows of a value are numbered compactly: it is made by the last attend or after it. */
  bool compact(int v) { return value(v).definedBy >= lastAttend_; }

  void findValues() {
    std::vector<int> current(spec_.widths.size(), -1);
    lastAttend_ = -1;
    for (size_t i = 0; i < spec_.ops.size(); i++) {
      const Op& o = spec_.ops[i];
      if (o.kind == OpKind::Attend) lastAttend_ = static_cast<int>(i);
      OpValues v;
      const int read[3] = {o.a, o.b, o.c};
      int* slots[3] = {&v.a, &v.b, &v.c};
      for (int r = 0; r < 3; r++) {
        if (read[r] < 0) continue;
        *slots[r] = current[read[r]];
        value(*slots[r]).usedBy.push_back(static_cast<int>(i));
        if (ternary(o)) value(*slots[r]).readersLeft++;
      }
      if (o.out >= 0) {
        v.out = static_cast<int>(values_.size());
        current[o.out] = v.out;
        Value made;
        made.variable = o.out;
        made.definedBy = static_cast<int>(i);
        values_.push_back(made);
      }
      opValues_.push_back(v);
    }
  }

  Stage& open(Stage::Kind kind, bool asked) {
    Stage stage;
    stage.kind = kind;
    stage.asked = asked;
    plan_.stages.push_back(stage);
    drafts_.emplace_back();
    return plan_.stages.back();
  }

  /** The Rows stage that an op may still join, or a new one. */
  void addStep(bool asked, DraftStep step) {
    if (plan_.stages.empty() || plan_.stages.back().kind != Stage::Kind::Rows || plan_.stages.back().asked != asked)
      open(Stage::Kind::Rows, asked);
    const int stage = static_cast<int>(plan_.stages.size()) - 1;
    for (const int read : {step.a, step.b})
      if (read >= 0 && value(read).stage != stage) value(read).leavesStage = true;
    if (step.out >= 0) value(step.out).stage = stage;
    drafts_.back().push_back(step);
  }

  void place(int index) {
    const Op& o = op(index);
    const OpValues& v = opValues_[index];
    DraftStep draft;
    draft.a = v.a;
    draft.b = v.b;
    draft.out = v.out;
    draft.step.width = v.out >= 0 ? widthOf(v.out) : 0;
    draft.step.weight = o.weight;
    draft.step.param = o.param;
    draft.step.eps = o.eps;
    switch (o.kind) {
      case OpKind::Embed: draft.step.kind = RowStep::Kind::Embed; break;
      case OpKind::Norm: draft.step.kind = RowStep::Kind::Norm; break;
      case OpKind::Rope: draft.step.kind = RowStep::Kind::Rope; break;
      case OpKind::Gate: draft.step.kind = RowStep::Kind::Gate; break;
      case OpKind::Add: draft.step.kind = RowStep::Kind::Add; break;
      case OpKind::Linear: return placeLinear(index);
      case OpKind::Attend: return placeAttend(index);
      case OpKind::Head: return placeHead(index);
    }
    addStep(asked(index), draft);
  }

  void placeLinear(int index) {
    const Op& o = op(index);
    const OpValues& v = opValues_[index];
    Product product;
    product.weight = o.weight;
    product.bias = o.bias;
    product.out = v.out;  // a value until resolve()
    if (ternary(o)) {
      if (value(v.a).slot < 0 || value(v.a).slotAsked != asked(index)) quantise(index, v.a);
      product.input = value(v.a).slot;
      Slot& slot = plan_.slots[product.input];
      slot.groupSums = slot.groupSums || weights_[o.weight].blockwise;
      if (--value(v.a).readersLeft == 0) freeSlots_.push_back(product.input);
    } else {
      product.input = readable(index, v.a);
      value(product.input).leavesStage = true;
    }
    if (!joins(index)) open(Stage::Kind::Matmul, asked(index));
    plan_.stages.back().products.push_back(product);
  }

  /** Products of one stage run in any order: none may read or overwrite what another writes. */
  bool joins(int index) {
    if (plan_.stages.empty()) return false;
    const Stage& stage = plan_.stages.back();
    if (stage.kind != Stage::Kind::Matmul || stage.asked != asked(index)) return false;
    const Op& o = op(index);
    for (const Product& product : stage.products) {
      const Op& other = op(value(product.out).definedBy);
      if (o.a == other.out || o.out == other.out || o.out == other.a) return false;
    }
    return true;
  }

  void quantise(int index, int v) {
    int slot;
    if (freeSlots_.empty()) {
      slot = static_cast<int>(plan_.slots.size());
      plan_.slots.emplace_back();
    } else {
      slot = freeSlots_.back();
      freeSlots_.pop_back();
    }
    Slot& made = plan_.slots[slot];
    made.columns = std::max(made.columns, widthOf(v));
    value(v).slot = slot;
    value(v).slotAsked = asked(index);
    DraftStep draft;
    draft.step.kind = RowStep::Kind::Quantise;
    draft.step.width = widthOf(v);
    draft.step.slot = slot;
    draft.a = v;
    addStep(asked(index), draft);
  }

  /** A value that a whole-matrix stage can read: compact where the stage is. */
  int readable(int index, int v) {
    if (!asked(index) || compact(v)) return v;
    Value copy;
    copy.variable = value(v).variable;
    copy.definedBy = index;
    const int made = static_cast<int>(values_.size());
    values_.push_back(copy);
    DraftStep draft;
    draft.step.kind = RowStep::Kind::Copy;
    draft.step.width = widthOf(v);
    draft.a = v;
    draft.out = made;
    addStep(true, draft);
    return made;
  }

  void placeAttend(int index) {
    const Op& o = op(index);
    const OpValues& v = opValues_[index];
    AttendStep attend;
    attend.layer = o.param;
    int q = v.a, k = v.b;
    absorbRopes(index, &q, &k, &attend);
    for (const int read : {q, k, v.c}) value(read).leavesStage = true;
    // Values until resolve().
    attend.q.buffer = q;
    attend.k.buffer = k;
    attend.v.buffer = v.c;
    attend.out = v.out;
    open(Stage::Kind::WriteKv, false).attend = attend;
    open(Stage::Kind::Attend, index == lastAttend_).attend = attend;
  }

  /** If the stage before does nothing but turn q and k for this attend, the attend does it instead. */
  void absorbRopes(int index, int* q, int* k, AttendStep* attend) {
    if (plan_.stages.empty() || plan_.stages.back().kind != Stage::Kind::Rows) return;
    for (const DraftStep& draft : drafts_.back()) {
      if (draft.step.kind != RowStep::Kind::Rope || value(draft.out).usedBy != std::vector<int>{index}) return;
      const bool whole = (draft.out == *q && draft.step.param == spec_.heads) ||
                         (draft.out == *k && draft.step.param == spec_.kvHeads);
      if (!whole) return;
    }
    for (const DraftStep& draft : drafts_.back()) {
      (draft.out == *q ? attend->ropeQ : attend->ropeK) = true;
      (draft.out == *q ? *q : *k) = draft.a;
    }
    plan_.stages.pop_back();
    drafts_.pop_back();
  }

  void placeHead(int index) {
    const int input = readable(index, opValues_[index].a);
    value(input).leavesStage = true;
    Stage& head = open(Stage::Kind::Head, true);
    head.input = input;
    head.weight = op(index).weight;
    open(Stage::Kind::Finish, true);
  }

  /** If the stage after some products begins with the gate of two of them, the products do it. */
  void fuseGate(size_t index) {
    std::vector<Product>& products = plan_.stages[index].products;
    std::vector<DraftStep>& steps = drafts_[index + 1];
    if (steps.empty() || steps[0].step.kind != RowStep::Kind::Gate || steps[0].a == steps[0].b) return;
    const DraftStep gate = steps[0];
    Product* product = nullptr;
    Product* up = nullptr;
    for (Product& p : products) {
      if (p.out == gate.a) product = &p;
      else if (p.out == gate.b) up = &p;
      // Others may not read or write what the gate writes.
      else if (value(p.out).variable == value(gate.out).variable ||
               op(value(p.out).definedBy).a == value(gate.out).variable)
        return;
    }
    if (product == nullptr || up == nullptr || product->input != up->input) return;
    for (const Product* p : {product, up}) {
      const WeightTraits& traits = weights_[p->weight];
      if (!traits.ternary || traits.blockwise || value(p->out).usedBy != std::vector<int>{value(gate.out).definedBy})
        return;
    }
    product->up = up->weight;
    product->upBias = up->bias;
    product->activation = static_cast<Activation>(gate.step.param);
    product->out = gate.out;
    value(gate.out).leavesStage = true;
    products.erase(products.begin() + (up - products.data()));
    steps.erase(steps.begin());
  }

  void resolve() {
    const size_t variables = spec_.widths.size();
    // Variables whose full rows are read by asked stages keep them while compact rows are written.
    std::vector<bool> crosses(variables, false);
    for (Value& v : values_) {
      if (v.definedBy >= lastAttend_) continue;
      for (const int user : v.usedBy)
        if (asked(user)) crosses[v.variable] = true;
    }
    crosses_ = crosses;
    plan_.bufferWidths.assign(2 * variables, 0);
    for (size_t s = 0; s < plan_.stages.size(); s++) {
      Stage& stage = plan_.stages[s];
      int locals = 0;
      for (const DraftStep& draft : drafts_[s]) {
        if (draft.out >= 0 && !value(draft.out).leavesStage) {
          value(draft.out).local = locals++;
          plan_.localWidth = std::max(plan_.localWidth, widthOf(draft.out));
        }
        RowStep step = draft.step;
        step.a = placeOf(draft.a, stage.asked);
        step.b = placeOf(draft.b, stage.asked);
        step.out = placeOf(draft.out, stage.asked);
        stage.steps.push_back(step);
      }
      plan_.locals = std::max(plan_.locals, locals);
      for (Product& product : stage.products) {
        if (!weights_[product.weight].ternary) product.input = buffer(product.input);
        product.out = buffer(product.out);
      }
      if (stage.kind == Stage::Kind::WriteKv || stage.kind == Stage::Kind::Attend) {
        stage.attend.q = placeOf(stage.attend.q.buffer, false);
        stage.attend.k = placeOf(stage.attend.k.buffer, false);
        stage.attend.v = placeOf(stage.attend.v.buffer, false);
        stage.attend.out = buffer(stage.attend.out);
      }
      if (stage.kind == Stage::Kind::Head) stage.input = buffer(stage.input);
    }
  }

  int buffer(int v) {
    const size_t variable = static_cast<size_t>(value(v).variable);
    const size_t index = compact(v) && crosses_[variable] ? spec_.widths.size() + variable : variable;
    plan_.bufferWidths[index] = spec_.widths[variable];
    return static_cast<int>(index);
  }

  Place placeOf(int v, bool asked) {
    Place place;
    if (v < 0) return place;
    place.local = value(v).local >= 0;
    place.buffer = place.local ? value(v).local : buffer(v);
    place.full = asked && !compact(v);
    return place;
  }

  const ModelSpec& spec_;
  const std::vector<WeightTraits>& weights_;
  int lastAttend_ = -1;
  std::vector<Value> values_;
  std::vector<OpValues> opValues_;
  std::vector<std::vector<DraftStep>> drafts_;  // of each stage
  std::vector<int> freeSlots_;
  std::vector<bool> crosses_;
  Plan plan_;
};

}  // namespace

Plan makePlan(const ModelSpec& spec, const std::vector<WeightTraits>& weights) { return Planner(spec, weights).make(); }

}  // namespace unmask
