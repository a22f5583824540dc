// The stages of a forward, on every thread of the pool; see forward.h.
#include "forward.h"

#include <algorithm>
#include <chrono>

namespace unmask {

namespace {

using Clock = std::chrono::steady_clock;

double nanosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

/**
 * Nanoseconds of a thread's part of a stage up to which it takes no others: before it had got one, that would be done.
 * Taking tasks one by one costs more then, as each time all that was written must have reached the caches.
 */
constexpr double kShort = 8'000;

/** Stride of activation rows in floats: padded, and off the strides that share few cache sets. */
size_t strideOf(int padded) { return static_cast<size_t>(padded) + (padded % 512 == 0 ? 16 : 0); }

/** Columns of the widest weight in blocks of floats: it needs scratch to be unpacked. */
int unpackedColumns(const Plan& plan, const Weights& weights) {
  int most = 0;
  for (const Stage& stage : plan.stages) {
    for (const Product& product : stage.products) {
      const Tensor& tensor = weights.tensor(product.weight);
      if (!isPlain(tensor.type) && !isTernary(tensor.type)) most = std::max(most, tensor.columns);
    }
  }
  return most;
}

}  // namespace

Forward::Forward(const ModelSpec& spec, const Kernels& kernels, const Weights& weights, Pool& pool)
    : spec_(spec),
      kernels_(kernels),
      weights_(weights),
      pool_(pool),
      plan_(makePlan(spec, weights.traits())),
      taken_(new Taken[plan_.stages.size() * static_cast<size_t>(pool.threads())]),
      attention_(spec, kernels, pool.threads()),
      head_(spec, kernels, weights.head(), pool.threads()) {
  allocate();
}

void Forward::allocate() {
  const size_t rows = static_cast<size_t>(spec_.maxRows);
  for (const int width : plan_.bufferWidths) {
    Matrix made;
    made.padded = roundUp(width, kPadding);
    made.stride = strideOf(made.padded);
    made.data = Region(width == 0 ? 0 : rows * made.stride * sizeof(float));
    buffers_.push_back(std::move(made));
  }
  for (const Slot& slot : plan_.slots) {
    Quantised made;
    const size_t columns = static_cast<size_t>(roundUp(slot.columns, kGroup));
    const size_t codes = rows * columns, groups = slot.groupSums ? rows * columns / kGroup : 0;
    made.memory = Region(codes + rows * sizeof(RowFacts) + groups * sizeof(int32_t));
    made.rows.codes = made.memory.as<int8_t>();
    made.rows.facts = reinterpret_cast<RowFacts*>(made.rows.codes + codes);
    made.rows.groupSum = slot.groupSums ? reinterpret_cast<int32_t*>(made.rows.facts + rows) : nullptr;
    slots_.push_back(std::move(made));
  }
  for (int worker = 0; worker < pool_.threads(); worker++) {
    Worker made;
    made.locals =
        Region(static_cast<size_t>(plan_.locals) * strideOf(roundUp(plan_.localWidth, kPadding)) * sizeof(float));
    made.ternary = Region(kernels_.ternaryScratch(spec_.maxRows));
    made.unpacked = Region(static_cast<size_t>(kDenseBlock) * unpackedColumns(plan_, weights_) * sizeof(float));
    workers_.push_back(std::move(made));
  }
}

bool Forward::run(const Request& request, const Answers& answers) {
  if (request.spans.empty()) return true;
  const Clock::time_point begin = Clock::now();
  request_ = &request;
  answers_ = answers;
  const int asked = static_cast<int>(request.asked.size());
  allTiles_ = makeTiling(static_cast<int>(request.tokens.size()), kernels_.tokenTile);
  askedTiles_ = makeTiling(asked, kernels_.tokenTile);
  // Rows nobody asked about end at the last K/V they write.
  stages_ = 0;
  while (stages_ < plan_.stages.size() && (asked > 0 || !plan_.stages[stages_].asked)) stages_++;
  for (size_t i = 0; i < stages_ * static_cast<size_t>(pool_.threads()); i++)
    taken_[i].count.store(0, std::memory_order_relaxed);
  attention_.prepare(request);
  head_.prepare(request, answers);
  stopped_ = false;
  pool_.run([this](int worker) noexcept { work(worker); });  // it meets barriers
  if (profiling_) profile_.back() += nanosecondsSince(begin);
  return !stopped_;
}

void Forward::work(int worker) {
  for (size_t s = 0; s < stages_; s++) {
    // The tasks of the next stage do it.
    if (plan_.stages[s].kind == Stage::Kind::WriteKv && attention_.together() && s + 1 < stages_) continue;
    if (s > 0 && pool_.barrier(&aborted_)) {
      if (worker == 0) stopped_ = true;
      return;
    }
    if (!profiling_) {
      runStage(s, worker);
      continue;
    }
    const Clock::time_point begin = Clock::now();
    runStage(s, worker);
    profile_[static_cast<size_t>(worker) * plan_.stages.size() + s] += nanosecondsSince(begin);
  }
}

std::vector<double> Forward::takeProfile() {
  std::vector<double> taken(static_cast<size_t>(pool_.threads()) * plan_.stages.size() + 1, 0.0);
  if (profiling_) taken.swap(profile_);
  else profile_ = taken;
  profiling_ = true;
  return taken;
}

void Forward::runStage(size_t index, int worker) {
  const Stage& stage = plan_.stages[index];
  const bool own = isShort(stage);
  const auto each = [&](int count, const auto& task) {
    if (own) {
      const Part part = partOf(count, pool_.threads(), worker);
      for (int i = part.begin; i < part.end; i++) task(i);
      return;
    }
    Tasks tasks(&taken_[index * static_cast<size_t>(pool_.threads())], pool_.threads(), worker, count);
    for (int i; (i = tasks.take()) >= 0;) task(i);
  };
  const auto view = [&](const Place& place) {
    return RowsView{write(place, worker, 0), buffers_[place.buffer].stride};
  };
  switch (stage.kind) {
    case Stage::Kind::Rows: {
      const int rows = (stage.asked ? askedTiles_ : allTiles_).rows, grain = std::max(1, rows / (4 * pool_.threads()));
      return each((rows + grain - 1) / grain, [&](int task) {
        for (int row = task * grain; row < std::min((task + 1) * grain, rows); row++)
          for (const RowStep& step : stage.steps) runStep(step, worker, row, stage.asked);
      });
    }
    case Stage::Kind::Matmul: {
      if (own) {
        // The same part of each product: of q, k and v a thread makes the heads with which it attends.
        for (const Product& product : stage.products) {
          const Part part = partOf(share(product, stage.asked).panels, pool_.threads(), worker);
          multiply(product, worker, part.begin, part.end, stage.asked);
        }
        return;
      }
      std::vector<Share>& shares = workers_[worker].shares;
      shares.clear();
      int count = 0;
      for (const Product& product : stage.products) {
        shares.push_back(share(product, stage.asked));
        count += shares.back().tasks;
      }
      return each(count, [&](int task) {
        size_t p = 0;
        for (; task >= shares[p].tasks; p++) task -= shares[p].tasks;
        const int begin = task * shares[p].grain;
        multiply(stage.products[p], worker, begin, std::min(begin + shares[p].grain, shares[p].panels), stage.asked);
      });
    }
    case Stage::Kind::WriteKv:
      return each(attention_.writeTasks(), [&](int task) {
        attention_.write(stage.attend, view(stage.attend.k), view(stage.attend.v), task, worker);
      });
    case Stage::Kind::Attend: {
      Place out;
      out.buffer = stage.attend.out;
      return each(attention_.attendTasks(stage.asked), [&](int task) {
        if (attention_.together())
          attention_.writeFor(stage.attend, view(stage.attend.k), view(stage.attend.v), task, worker);
        attention_.attend(stage.attend, view(stage.attend.q), view(out), stage.asked, task, worker);
      });
    }
    case Stage::Kind::Head: {
      const Matrix& x = buffers_[stage.input];
      return each(head_.chunks(), [&](int chunk) { head_.runChunk(x.row(0), x.stride, chunk, worker); });
    }
    case Stage::Kind::Finish: {
      // The stage before is the head, whose input is still there.
      const Matrix& x = buffers_[(&stage - 1)->input];
      return each(static_cast<int>(request_->asked.size()),
                  [&](int row) { head_.finish(x.row(0), x.stride, row, worker); });
    }
  }
}

const float* Forward::read(const Place& place, int worker, int row) const {
  return write(place, worker, place.full ? request_->asked[row].row : row);
}

float* Forward::write(const Place& place, int worker, int row) const {
  if (place.local)
    return workers_[worker].locals.as<float>() +
           static_cast<size_t>(place.buffer) * strideOf(roundUp(plan_.localWidth, kPadding));
  return buffers_[place.buffer].row(row);
}

void Forward::runStep(const RowStep& step, int worker, int row, bool asked) {
  const int padded = roundUp(step.width, kPadding);
  const int fullRow = asked ? request_->asked[row].row : row;
  switch (step.kind) {
    case RowStep::Kind::Embed: {
      float* out = write(step.out, worker, row);
      decodeRow(weights_.tensor(step.weight), request_->tokens[fullRow], out);
      return std::fill(out + step.width, out + padded, 0.0f);
    }
    case RowStep::Kind::Norm:
      return kernels_.norm(read(step.a, worker, row), weights_.vector(step.weight), step.eps, step.width, padded,
                           write(step.out, worker, row));
    case RowStep::Kind::Rope: {
      const float* from = read(step.a, worker, row);
      float* x = write(step.out, worker, row);
      if (x != from) std::copy(from, from + padded, x);
      const size_t at = static_cast<size_t>(request_->positions[fullRow]) * (spec_.ropeDim / 2);
      return kernels_.rope(x, step.param, spec_.headDim, spec_.ropeDim, spec_.ropeAdjacent, spec_.cos.data() + at,
                           spec_.sin.data() + at);
    }
    case RowStep::Kind::Gate: {
      const auto gate = step.param == static_cast<int>(Activation::Silu) ? kernels_.silu : kernels_.relu2;
      return gate(read(step.a, worker, row), read(step.b, worker, row), padded, write(step.out, worker, row));
    }
    case RowStep::Kind::Add:
      return kernels_.add(read(step.a, worker, row), read(step.b, worker, row), padded, write(step.out, worker, row));
    case RowStep::Kind::Quantise: {
      QuantisedRows& out = slots_[step.slot].rows;
      return kernels_.quantise(read(step.a, worker, row), padded, asked ? askedTiles_ : allTiles_, row, &out);
    }
    case RowStep::Kind::Copy: {
      const float* from = read(step.a, worker, row);
      std::copy(from, from + padded, write(step.out, worker, row));
      return;
    }
  }
}

bool Forward::isShort(const Stage& stage) const {
  const auto as = [](int count) { return static_cast<double>(count); };
  const double rows = as((stage.asked ? askedTiles_ : allTiles_).rows), asked = as(askedTiles_.rows);
  double nanoseconds = 0;  // of one usual core, about
  switch (stage.kind) {
    case Stage::Kind::Rows:
      for (const RowStep& step : stage.steps) nanoseconds += 0.2 * as(step.width) * rows;
      break;
    case Stage::Kind::Matmul:
      for (const Product& product : stage.products) {
        const Share all = share(product, stage.asked);
        nanoseconds += all.nanoseconds * as(all.panels);
      }
      break;
    case Stage::Kind::WriteKv:
      nanoseconds = as(spec_.kvHeads * spec_.headDim) * rows;
      break;
    case Stage::Kind::Attend:
      for (const Span& span : request_->spans)
        nanoseconds += 0.1 * as(spec_.heads * spec_.headDim) * as(span.rows) * as(span.keyEnd);
      break;
    case Stage::Kind::Head:
      nanoseconds = 0.03 * as(spec_.vocabulary) * as(weights_.head().columns) * asked;
      break;
    case Stage::Kind::Finish:
      nanoseconds = 200.0 * asked;
      break;
  }
  return nanoseconds <= kShort * as(pool_.threads());
}

Forward::Share Forward::share(const Product& product, bool asked) const {
  const Tensor& tensor = weights_.tensor(product.weight);
  const int rows = (asked ? askedTiles_ : allTiles_).rows, panels = roundUp(tensor.rows, kPanelRows) / kPanelRows;
  const double nanoseconds =
      (product.up < 0 ? 0.1 : 0.2) * tensor.columns * std::max(12, rows);  // of one panel, on a usual core
  const int wanted = std::max(1, static_cast<int>(5000.0 / nanoseconds));
  const int grain = std::min(wanted, std::max(1, panels / (3 * pool_.threads())));
  return {panels, grain, (panels + grain - 1) / grain, nanoseconds};
}

void Forward::multiply(const Product& product, int worker, int begin, int end, bool asked) {
  const Tiling& tiling = asked ? askedTiles_ : allTiles_;
  const Matrix& out = buffers_[product.out];
  const float* bias = weights_.vector(product.bias);
  const Tensor& tensor = weights_.tensor(product.weight);
  if (isTernary(tensor.type)) {
    TernaryJob job = {
        &weights_.panels(product.weight), &slots_[product.input].rows, tiling, bias, out.row(0), out.stride};
    if (product.up >= 0) {
      job.up = &weights_.panels(product.up);
      job.upBias = weights_.vector(product.upBias);
      job.relu2 = product.activation == Activation::Relu2;
    }
    return kernels_.ternary(job, begin, end, workers_[worker].ternary.as<void>());
  }
  const Matrix& x = buffers_[product.input];
  DenseJob job;
  const int firstRow = begin * kPanelRows;
  job.rows = std::min(end * kPanelRows, tensor.rows) - firstRow;
  job.columns = tensor.columns;
  job.rowBytes = rowBytes(tensor.type, tensor.columns);
  job.weight = tensor.data + firstRow * job.rowBytes;
  job.x = x.row(0);
  job.xStride = x.stride;
  job.tokens = tiling.rows;
  job.out = out.row(0) + firstRow;
  job.outStride = out.stride;
  job.unpacked = workers_[worker].unpacked.as<float>();
  kernels_.dense[static_cast<int>(tensor.type)](job);
  if (bias == nullptr) return;
  for (int t = 0; t < tiling.rows; t++) {
    float* row = out.row(t) + firstRow;
    for (int r = 0; r < job.rows; r++) row[r] += bias[firstRow + r];
  }
}

}  // namespace unmask
