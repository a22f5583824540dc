// The stages of a forward, on the threads that take part; see forward.h.
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

/** Nanoseconds that threads lose between two stages, about: the barrier, and reading rows that the others wrote. */
constexpr double kMeeting = 300, kMeetingRow = 40;

bool isRowWise(const Stage& stage) { return stage.kind == Stage::Kind::Rows || stage.kind == Stage::Kind::Matmul; }

/** Whether rows are read that later stages, which number them compactly, may write as rows of others. */
bool readsFullRows(const Stage& stage) {
  return std::any_of(stage.steps.begin(), stage.steps.end(), [](const RowStep& step) { return step.a.full || step.b.full; });
}

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
  rowsGoOn_.resize(plan_.stages.size());
  for (size_t s = 1; s < plan_.stages.size(); s++) {
    const Stage &before = plan_.stages[s - 1], &stage = plan_.stages[s];
    rowsGoOn_[s] = isRowWise(before) && isRowWise(stage) && before.asked == stage.asked && !readsFullRows(before);
  }
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
  // Rows nobody asked about end at the last K/V they write.
  stages_ = 0;
  while (stages_ < plan_.stages.size() && (!request.asked.empty() || !plan_.stages[stages_].asked)) stages_++;
  cutInto(always_.value_or(quickest()));
  for (size_t i = 0; i < stages_ * static_cast<size_t>(pool_.threads()); i++)
    taken_[i].count.store(0, std::memory_order_relaxed);
  attention_.prepare(request);
  head_.prepare(request, answers);
  stopped_ = false;
  if (threads_ == 1) work(0);
  else pool_.run([this](int worker) noexcept { work(worker); });  // it meets barriers
  if (profiling_) profile_.back() += nanosecondsSince(begin);
  return !stopped_;
}

Forward::Cut Forward::quickest() const {
  const int rows = static_cast<int>(request_->tokens.size()), asked = static_cast<int>(request_->asked.size());
  const int threads = pool_.threads();
  const auto costOf = [&](int rows, int asked) {
    double nanoseconds = 0;
    for (size_t s = 0; s < stages_; s++) nanoseconds += cost(plan_.stages[s], rows, asked);
    return nanoseconds;
  };
  const auto most = [&](int count) { return (count + threads - 1) / threads; };
  const auto meetings = [&](ptrdiff_t count) { return static_cast<double>(count) * (kMeeting + kMeetingRow * rows); };
  const auto end = rowsGoOn_.begin() + static_cast<ptrdiff_t>(stages_);
  const double alone = costOf(rows, asked);
  const double byTasks = alone / threads + meetings(end - rowsGoOn_.begin());
  const double byRows = costOf(most(rows), most(asked)) + meetings(std::count(rowsGoOn_.begin(), end, 0));
  if (byTasks < std::min(alone, byRows)) return Cut::ByTasks;
  return byRows < alone ? Cut::ByRows : Cut::Alone;
}

void Forward::cutInto(Cut cut) {
  cut_ = cut;
  threads_ = cut == Cut::Alone ? 1 : pool_.threads();
  for (int worker = 0; worker < threads_; worker++) {
    const auto slice = [&](size_t rows) {
      const int count = static_cast<int>(rows);
      const Part part = cut == Cut::ByRows ? partOf(count, threads_, worker) : Part{0, count};
      return Slice{part.begin, makeTiling(part.end - part.begin, kernels_.tokenTile)};
    };
    workers_[worker].all = slice(request_->tokens.size());
    workers_[worker].asked = slice(request_->asked.size());
  }
}

/** Waits for the other threads that take part. True when the forward is to stop. */
bool Forward::meet() {
  return threads_ > 1 ? pool_.barrier(&aborted_) : aborted_.load(std::memory_order_relaxed);
}

void Forward::work(int worker) {
  for (size_t s = 0; s < stages_; s++) {
    // The tasks of the next stage do it.
    if (plan_.stages[s].kind == Stage::Kind::WriteKv && attention_.together() && s + 1 < stages_) continue;
    if (s > 0 && !goesOn(s) && meet()) {
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
  const Slice& own = slice(worker, stage.asked);
  const bool whole = isRowWise(stage) && cut_ != Cut::ByTasks;  // all that its slice needs
  const bool part = whole || threads_ == 1 || costOfAll(stage) <= kShort * threads_;
  const auto each = [&](int count, const auto& task) {
    if (part) {
      const Part part = partOf(count, threads_, worker);
      for (int i = part.begin; i < part.end; i++) task(i);
      return;
    }
    Tasks tasks(&taken_[index * static_cast<size_t>(pool_.threads())], threads_, worker, count);
    for (int i; (i = tasks.take()) >= 0;) task(i);
  };
  const auto view = [&](const Place& place) {
    return RowsView{write(place, worker, 0), buffers_[place.buffer].stride};
  };
  switch (stage.kind) {
    case Stage::Kind::Rows: {
      const auto run = [&](int begin, int end) {
        for (int row = begin; row < end; row++)
          for (const RowStep& step : stage.steps) runStep(step, worker, row, stage.asked);
      };
      if (whole) return run(own.first, own.end());
      const int rows = own.tiling.rows, grain = std::max(1, rows / (4 * threads_));
      return each((rows + grain - 1) / grain,
                  [&](int task) { run(task * grain, std::min((task + 1) * grain, rows)); });
    }
    case Stage::Kind::Matmul: {
      if (own.tiling.rows == 0) return;
      if (part) {
        // The same part of each product: of q, k and v a thread makes the heads with which it attends.
        for (const Product& product : stage.products) {
          const int panels = share(product, own.tiling.rows).panels;
          const Part part = whole ? Part{0, panels} : partOf(panels, threads_, worker);
          multiply(product, worker, part.begin, part.end, stage.asked);
        }
        return;
      }
      std::vector<Share>& shares = workers_[worker].shares;
      shares.clear();
      int count = 0;
      for (const Product& product : stage.products) {
        shares.push_back(share(product, own.tiling.rows));
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
      const Slice& own = slice(worker, asked);
      QuantisedRows out = quantised(step.slot, own.first);
      return kernels_.quantise(read(step.a, worker, row), padded, own.tiling, row - own.first, &out);
    }
    case RowStep::Kind::Copy: {
      const float* from = read(step.a, worker, row);
      std::copy(from, from + padded, write(step.out, worker, row));
      return;
    }
  }
}

double Forward::cost(const Stage& stage, int rows, int asked) const {
  const auto as = [](int count) { return static_cast<double>(count); };
  const int own = stage.asked ? asked : rows;
  double nanoseconds = 0;
  switch (stage.kind) {
    case Stage::Kind::Rows:
      for (const RowStep& step : stage.steps) nanoseconds += 0.2 * as(step.width) * as(own);
      break;
    case Stage::Kind::Matmul:
      for (const Product& product : stage.products) {
        const Share all = share(product, own);
        nanoseconds += all.nanoseconds * as(all.panels);
      }
      break;
    case Stage::Kind::WriteKv:
      nanoseconds = as(spec_.kvHeads * spec_.headDim) * as(own);
      break;
    case Stage::Kind::Attend:
      for (const Span& span : request_->spans)
        nanoseconds += 0.1 * as(spec_.heads * spec_.headDim) * as(span.rows) * as(span.keyEnd);
      nanoseconds *= as(rows) / as(static_cast<int>(request_->tokens.size()));
      break;
    case Stage::Kind::Head:
      nanoseconds = 0.03 * as(spec_.vocabulary) * as(weights_.head().columns) * as(own);
      break;
    case Stage::Kind::Finish:
      nanoseconds = 200.0 * as(own);
      break;
  }
  return nanoseconds;
}

double Forward::costOfAll(const Stage& stage) const {
  return cost(stage, static_cast<int>(request_->tokens.size()), static_cast<int>(request_->asked.size()));
}

Forward::Share Forward::share(const Product& product, int rows) const {
  const Tensor& tensor = weights_.tensor(product.weight);
  const int panels = roundUp(tensor.rows, kPanelRows) / kPanelRows;
  // Of one panel, on a usual core: reading its codes takes as long as three rows do.
  const double nanoseconds = (product.up < 0 ? 0.07 : 0.14) * tensor.columns * (3 + rows);
  const int wanted = std::max(1, static_cast<int>(5000.0 / nanoseconds));
  const int grain = std::min(wanted, std::max(1, panels / (3 * pool_.threads())));
  return {panels, grain, (panels + grain - 1) / grain, nanoseconds};
}

/** Rows from `first` on; where they lie depends on nothing that another slice has. */
QuantisedRows Forward::quantised(int slot, int first) const {
  const QuantisedRows& all = slots_[slot].rows;
  const size_t columns = static_cast<size_t>(roundUp(plan_.slots[slot].columns, kGroup)), row = static_cast<size_t>(first);
  return {all.codes + row * columns, all.facts + row,
          all.groupSum == nullptr ? nullptr : all.groupSum + row * (columns / kGroup)};
}

void Forward::multiply(const Product& product, int worker, int begin, int end, bool asked) {
  const auto& [first, tiling] = slice(worker, asked);
  const Matrix& out = buffers_[product.out];
  const float* bias = weights_.vector(product.bias);
  const Tensor& tensor = weights_.tensor(product.weight);
  if (isTernary(tensor.type)) {
    const QuantisedRows x = quantised(product.input, first);
    TernaryJob job = {&weights_.panels(product.weight), &x, tiling, bias, out.row(first), out.stride};
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
  job.x = x.row(first);
  job.xStride = x.stride;
  job.tokens = tiling.rows;
  job.out = out.row(first) + firstRow;
  job.outStride = out.stride;
  job.unpacked = workers_[worker].unpacked.as<float>();
  kernels_.dense[static_cast<int>(tensor.type)](job);
  if (bias == nullptr) return;
  for (int t = 0; t < tiling.rows; t++) {
    float* row = out.row(first + t) + firstRow;
    for (int r = 0; r < job.rows; r++) row[r] += bias[firstRow + r];
  }
}

}  // namespace unmask
