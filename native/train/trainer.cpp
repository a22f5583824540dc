// Chunks, nodes and their gradients; see trainer.h.
#include "trainer.h"

#include <math.h>
#include <string.h>

#include <algorithm>

#include "../cpu.h"
#include "../failure.h"
#include "parallel.h"

namespace unmask {

namespace {

constexpr int kChunkRows = 1024;    // rows of a chunk, unless one sequence is longer
constexpr double kRowOperations = 512;  // a guess at what one row of a row-wise op takes

const TrainKernels* trainKernelsFor(const Kernels& kernels) {
#if defined(__x86_64__)
  if (!strcmp(kernels.isa, "avx512vnni") || !strcmp(kernels.isa, "amx")) return avx512::trainKernels();
  if (!strcmp(kernels.isa, "avx2") || !strcmp(kernels.isa, "avxvnni")) return avx2::trainKernels();
#else
  (void)kernels;
#endif
  return scalar::trainKernels();
}

}  // namespace

Trainer::Trainer(ModelSpec spec, const std::vector<ParameterSpec>& parameters)
    : spec_(std::move(spec)),
      kernels_(*kernelsFor(spec_.isa)),
      train_(*trainKernelsFor(kernels_)),
      pool_(spec_.threads > 0 ? spec_.threads : physicalCores()),
      gemm_(train_, pool_),
      parameters_(parameters, train_, pool_),
      optimiser_(train_, pool_),
      tape_(makeTape(spec_)),
      attend_(spec_, kernels_, train_, pool_),
      float_(kernels_, train_, pool_, gemm_),
      ternary_(kernels_, train_, pool_, gemm_),
      head_(kernels_, train_, pool_, gemm_),
      values_(tape_.values.size()),
      gradients_(tape_.values.size()) {
  for (const Node& node : tape_.nodes) {
    if (node.kind != OpKind::Linear && node.kind != OpKind::Head && node.kind != OpKind::Embed) continue;
    Parameter& p = parameters_[node.weight];
    if (node.kind != OpKind::Linear && p.spec.ternary)
      throw Failure("config_invalid", "An embedding or head cannot be trained ternary.");
    p.multiplied = p.multiplied || node.kind != OpKind::Embed;
  }
  backwardSin_.resize(spec_.sin.size());
  for (size_t i = 0; i < spec_.sin.size(); i++) backwardSin_[i] = -spec_.sin[i];
}

// --- chunks

void Trainer::cutChunks(const Batch& batch) {
  chunks_.clear();
  for (int s = 0; s < batch.sequences; s++) {
    const int first = batch.bounds[s], end = batch.bounds[s + 1];
    if (first == end) continue;
    if (chunks_.empty() || chunks_.back().rows + end - first > kChunkRows) {
      Chunk chunk;
      chunk.tokens = batch.tokens + first;
      chunk.positions = batch.positions + first;
      chunk.targets = batch.targets + first;
      chunk.weights = batch.weights + first;
      chunk.sequences.push_back(0);
      chunks_.push_back(std::move(chunk));
    }
    Chunk& chunk = chunks_.back();
    const int offset = first - chunk.rows;  // from rows of the batch to rows of the chunk
    for (int row = first; row < end; row++) {
      const int32_t* given = batch.keys + 4 * static_cast<size_t>(row);
      int ranges[2][2];
      for (int i = 0; i < 2; i++) {
        const bool empty = given[2 * i] == given[2 * i + 1];
        for (int side = 0; side < 2; side++) ranges[i][side] = (empty ? first : given[2 * i + side]) - offset;
      }
      const bool empty[2] = {given[0] == given[1], given[2] == given[3]};
      const bool swap = empty[0] || (!empty[1] && batch.positions[given[2]] < batch.positions[given[0]]);
      for (const int* range : {ranges[swap ? 1 : 0], ranges[swap ? 0 : 1]}) chunk.keys.insert(chunk.keys.end(), range, range + 2);
    }
    chunk.rows += end - first;
    chunk.sequences.push_back(chunk.rows);
  }
}

StepResult Trainer::accumulate(const Batch& batch, float quantisation, float* losses) {
  return run(batch, quantisation, true, losses, nullptr);
}

StepResult Trainer::evaluate(const Batch& batch, float quantisation, float* losses, float* logits) {
  return run(batch, quantisation, false, losses, logits);
}

StepResult Trainer::run(const Batch& batch, float quantisation, bool training, float* losses, float* logits) {
  quantisation_ = quantisation;
  training_ = training;
  gemm_.takeFlops();
  gemm_.takeSeconds();
  cutChunks(batch);
  int longest = 0;
  for (const Chunk& chunk : chunks_) longest = std::max(longest, chunk.rows);
  if (longest > chunkRows_) {
    chunkRows_ = longest;
    matrices_.reserve(longest);
    int widest = 0;
    for (const Value& value : tape_.values) widest = std::max(widest, roundUp(value.width, kPadding));
    const size_t rows = static_cast<size_t>(longest), columns = static_cast<size_t>(widest);
    pieces_ = Region((rows / kRowGrain + 1) * columns * sizeof(float));
    float_.reserve(longest, widest);
    ternary_.reserve(longest, widest);
    head_.reserve(longest, widest);
  }
  parameters_.prepare(quantisation, gemm_);
  StepResult result;
  size_t row = 0;
  for (const Chunk& chunk : chunks_) {
    chunk_ = &chunk;
    result.loss += runChunk(losses + row, logits == nullptr ? nullptr : logits + row * static_cast<size_t>(spec_.vocabulary));
    row += static_cast<size_t>(chunk.rows);
  }
  // A NaN reaches the padding of rows, which must be zero.
  if (!isfinite(result.loss)) matrices_.clear();
  result.gemmFlops = gemm_.takeFlops();
  result.gemmSeconds = gemm_.takeSeconds();
  return result;
}

double Trainer::runChunk(float* losses, float* logits) {
  attend_.prepare(*chunk_);
  float_.begin(chunk_->rows, quantisation_, training_);
  ternary_.begin(chunk_->rows);
  double loss = 0;
  for (size_t i = 0; i < tape_.nodes.size(); i++) {
    const Node& node = tape_.nodes[i];
    if (node.kind == OpKind::Head) loss += head(node, losses, logits);
    else forward(node);
    release(node, i);
  }
  if (training_)
    for (size_t i = tape_.nodes.size(); i-- > 0;) {
      backward(tape_.nodes[i]);
      const int out = tape_.nodes[i].out;
      if (out < 0) continue;
      valueOf(out).reset();
      gradients_[static_cast<size_t>(out)].reset();
    }
  for (Handle& value : values_) value.reset();
  return loss;
}

/** Gives back what no later node reads and the backward pass does not need. */
void Trainer::release(const Node& node, size_t index) {
  for (const int input : node.inputs) {
    const Value& value = tape_.values[static_cast<size_t>(input)];
    if (value.lastReader == static_cast<int>(index) && !(training_ && value.kept)) valueOf(input).reset();
  }
}

template <class Work>
void Trainer::eachRow(const Work& work) {
  const auto rows = [&](int begin, int end, int) {
    for (int row = begin; row < end; row++) work(row);
  };
  inPieces(pool_, chunk_->rows, kRowGrain, rows, chunk_->rows * kRowOperations);
}

/** out[i] += the sum over pieces of pieces_[piece][i]. */
void Trainer::addPieces(int pieces, int width, float* out) {
  for (int piece = 0; piece < pieces; piece++)
    train_.addTo(out, pieces_.as<float>() + static_cast<size_t>(piece) * static_cast<size_t>(width), static_cast<size_t>(width));
}

// --- forward

void Trainer::forward(const Node& node) {
  const auto input = [&](size_t i) -> Matrix& { return *materialise(node.inputs[i]); };
  if (node.kind == OpKind::Rope) {
    // In place where nothing else reads the input.
    const Handle from = materialise(node.inputs[0]);
    const bool shared = tape_.values[static_cast<size_t>(node.inputs[0])].readers > 1;
    valueOf(node.out) = shared ? acquire(node.out) : from;
    Matrix& out = *valueOf(node.out);
    const size_t half = static_cast<size_t>(spec_.ropeDim / 2);
    return eachRow([&](int row) {
      if (shared) std::copy(from->row(row), from->row(row) + from->padded, out.row(row));
      const size_t at = static_cast<size_t>(chunk_->positions[row]) * half;
      kernels_.rope(out.row(row), node.param, spec_.headDim, spec_.ropeDim, spec_.ropeAdjacent, spec_.cos.data() + at, spec_.sin.data() + at);
    });
  }
  valueOf(node.out) = acquire(node.out);
  Matrix& out = *valueOf(node.out);
  switch (node.kind) {
    case OpKind::Embed: return embed(node);
    case OpKind::Linear: return linear(node);
    case OpKind::Norm: {
      const Matrix& x = input(0);
      const float* weight = parameters_[node.weight].values.as<float>();
      return eachRow([&](int row) { kernels_.norm(x.row(row), weight, node.eps, x.width, x.padded, out.row(row)); });
    }
    case OpKind::Gate: {
      const Matrix &gate = input(0), &up = input(1);
      const auto kernel = node.param == static_cast<int>(Activation::Silu) ? kernels_.silu : kernels_.relu2;
      return eachRow([&](int row) { kernel(gate.row(row), up.row(row), out.padded, out.row(row)); });
    }
    case OpKind::Add: {
      const Matrix &a = input(0), &b = input(1);
      return eachRow([&](int row) { kernels_.add(a.row(row), b.row(row), out.padded, out.row(row)); });
    }
    case OpKind::Attend:
      return attend_.forward(input(0).rows(), input(1).rows(), input(2).rows(), out.rows());
    default: return;
  }
}

void Trainer::embed(const Node& node) {
  const Parameter& table = parameters_[node.weight];
  const Matrix& out = *valueOf(node.out);
  eachRow([&](int row) {
    const float* from = table.row(table.values, chunk_->tokens[row]);
    std::copy(from, from + table.padded, out.row(row));
  });
}

void Trainer::linear(const Node& node) {
  const Parameter& p = parameters_[node.weight];
  const Matrix& x = *materialise(node.inputs[0]);
  const Matrix& out = *valueOf(node.out);
  const float* bias = node.bias < 0 ? nullptr : parameters_[node.bias].values.as<float>();
  if (wholly(p)) return ternary_.forward(p, node.inputs[0], x, bias, out);
  float_.forward(p, node.inputs[0], x, out);
  if (bias != nullptr) eachRow([&](int row) { kernels_.add(out.row(row), bias, out.padded, out.row(row)); });
}

double Trainer::head(const Node& node, float* losses, float* logits) {
  const int input = node.inputs[0];
  const Matrix& x = *materialise(input);
  const Handle asked = acquire(input), askedGradient = training_ ? acquire(input) : nullptr;
  const Handle gradient = training_ ? acquire(input) : nullptr;
  const HeadMatrices matrices = {x, *asked, askedGradient.get(), gradient.get()};
  const double loss = head_.run(parameters_[node.weight], *chunk_, matrices, losses, logits);
  if (training_) addGradient(input, gradient);
  return loss;
}

// --- backward

/** A value, made again from kept ones if need be. */
Trainer::Handle& Trainer::materialise(int value) {
  Handle& handle = valueOf(value);
  if (handle == nullptr) forward(tape_.nodes[static_cast<size_t>(tape_.values[static_cast<size_t>(value)].producer)]);
  return handle;
}

void Trainer::addGradient(int value, const Handle& gradient) {
  Handle& held = gradients_[static_cast<size_t>(value)];
  if (held == nullptr) {
    held = gradient;
    return;
  }
  bool accumulate;
  Matrix& into = gradientFor(value, &accumulate);
  eachRow([&](int row) { kernels_.add(into.row(row), gradient->row(row), into.padded, into.row(row)); });
}

Trainer::Sum Trainer::sumFor(int value) {
  Handle& held = gradients_[static_cast<size_t>(value)];
  const Handle before = held;
  if (before == nullptr || before.use_count() > 2) held = acquire(value);  // one is `before`; more: another value has it too
  return {before, held};
}

Matrix& Trainer::gradientFor(int value, bool* accumulate) {
  const auto [before, out] = sumFor(value);
  *accumulate = before != nullptr;
  if (before != nullptr && before != out) {
    const Matrix &from = *before, &to = *out;
    eachRow([&](int row) { std::copy(from.row(row), from.row(row) + from.padded, to.row(row)); });
  }
  return *out;
}

void Trainer::backward(const Node& node) {
  if (node.out < 0 || gradients_[static_cast<size_t>(node.out)] == nullptr) return;
  const Handle gradient = gradients_[static_cast<size_t>(node.out)];
  const Matrix& dy = *gradient;
  switch (node.kind) {
    case OpKind::Embed: {
      Parameter& table = parameters_[node.weight];
      // Slices of columns, each over the rows in order.
      return inPieces(pool_, table.padded, 16, [&](int begin, int end, int) {
        for (int row = 0; row < chunk_->rows; row++)
          train_.addTo(table.row(table.gradient, chunk_->tokens[row]) + begin, dy.row(row) + begin, static_cast<size_t>(end - begin));
      });
    }
    case OpKind::Linear: return linearBackward(node);
    case OpKind::Norm: {
      const Matrix& x = *materialise(node.inputs[0]);
      Parameter& p = parameters_[node.weight];
      const auto [before, out] = sumFor(node.inputs[0]);
      const Matrix &dx = *out, *sum = before.get();
      const int pieces = (chunk_->rows + kRowGrain - 1) / kRowGrain;
      inPieces(pool_, chunk_->rows, kRowGrain, [&](int begin, int end, int) {
        float* share = pieces_.as<float>() + static_cast<size_t>(begin / kRowGrain) * static_cast<size_t>(p.padded);
        std::fill(share, share + p.padded, 0.0f);
        for (int row = begin; row < end; row++)
          train_.normBackward(x.row(row), p.values.as<float>(), dy.row(row), node.eps, x.width, x.padded,
                              sum == nullptr ? nullptr : sum->row(row), dx.row(row), share);
      });
      return addPieces(pieces, p.padded, p.gradient.as<float>());
    }
    case OpKind::Rope: {
      const Handle dx = acquire(node.inputs[0]);
      const size_t half = static_cast<size_t>(spec_.ropeDim / 2);
      eachRow([&](int row) {
        std::copy(dy.row(row), dy.row(row) + dy.padded, dx->row(row));
        const size_t at = static_cast<size_t>(chunk_->positions[row]) * half;
        kernels_.rope(dx->row(row), node.param, spec_.headDim, spec_.ropeDim, spec_.ropeAdjacent, spec_.cos.data() + at, backwardSin_.data() + at);
      });
      return addGradient(node.inputs[0], dx);
    }
    case OpKind::Gate: {
      const Matrix &gate = *materialise(node.inputs[0]), &up = *materialise(node.inputs[1]);
      const Handle dGate = acquire(node.inputs[0]), dUp = acquire(node.inputs[1]);
      const auto kernel = node.param == static_cast<int>(Activation::Silu) ? train_.siluBackward : train_.relu2Backward;
      eachRow([&](int row) { kernel(gate.row(row), up.row(row), dy.row(row), dy.padded, dGate->row(row), dUp->row(row)); });
      addGradient(node.inputs[0], dGate);
      return addGradient(node.inputs[1], dUp);
    }
    case OpKind::Add:
      addGradient(node.inputs[0], gradient);
      return addGradient(node.inputs[1], gradient);
    case OpKind::Attend: {
      const Handle dq = acquire(node.inputs[0]), dk = acquire(node.inputs[1]), dv = acquire(node.inputs[2]);
      attend_.backward(materialise(node.inputs[0])->rows(), materialise(node.inputs[1])->rows(), materialise(node.inputs[2])->rows(),
                       dy.rows(), dq->rows(), dk->rows(), dv->rows());
      addGradient(node.inputs[0], dq);
      addGradient(node.inputs[1], dk);
      return addGradient(node.inputs[2], dv);
    }
    default: return;
  }
}

void Trainer::linearBackward(const Node& node) {
  Parameter& p = parameters_[node.weight];
  const int input = node.inputs[0], rows = chunk_->rows;
  const Matrix& dy = *gradients_[static_cast<size_t>(node.out)];
  bool accumulate;
  const Matrix &x = *materialise(input), &dx = gradientFor(input, &accumulate);
  if (wholly(p)) ternary_.backward(p, input, x, dy, dx, accumulate);
  else float_.backward(p, input, x, dy, dx, accumulate);
  if (node.bias < 0) return;
  Parameter& bias = parameters_[node.bias];
  inPieces(pool_, rows, kRowGrain, [&](int begin, int end, int) {
    float* share = pieces_.as<float>() + static_cast<size_t>(begin / kRowGrain) * static_cast<size_t>(bias.padded);
    std::fill(share, share + bias.padded, 0.0f);
    for (int row = begin; row < end; row++) train_.addTo(share, dy.row(row), static_cast<size_t>(bias.padded));
  });
  addPieces((rows + kRowGrain - 1) / kRowGrain, bias.padded, bias.gradient.as<float>());
}

}  // namespace unmask
