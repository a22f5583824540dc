// Writing pages and attending to them; see attention.h.
#include "attention.h"

#include <algorithm>

namespace unmask {

namespace {

/** Query vectors that share one widened page, at most; and rows that are worth a task. */
constexpr int kQueries = 64, kLeastRows = 8;

size_t lines(size_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

Attention::Attention(const ModelSpec& spec, const Kernels& kernels, int threads)
    : spec_(spec),
      kernels_(kernels),
      group_(spec.heads / spec.kvHeads),
      blockRows_(std::max(1, kQueries / group_)),
      leastBlocks_((threads + spec.kvHeads - 1) / spec.kvHeads),
      queries_(blockRows_ * group_),
      paddedDim_(roundUp(spec.headDim, 32)),
      scoreStride_(static_cast<size_t>(roundUp(spec.contextLength, kPage))) {
  const size_t pageBytes =
      static_cast<size_t>(spec.layers) * 2 * kPage * static_cast<size_t>(spec.kvHeads * spec.headDim) * 2;
  pages_ = Region(pageBytes * static_cast<size_t>(spec.pages));
  const size_t n = static_cast<size_t>(queries_), dim = static_cast<size_t>(paddedDim_);
  scratch_.resize(static_cast<size_t>(threads));
  for (Scratch& s : scratch_) {
    s.memory = Region(
        (lines(n * static_cast<size_t>(spec.headDim)) + lines(n) + n * dim + 2 * kPage * dim + n * scoreStride_) *
        sizeof(float));
    s.q = s.memory.as<float>();
    s.sums = s.q + lines(n * static_cast<size_t>(spec.headDim));
    s.total = s.sums + lines(n);
    s.k = s.total + n * dim;
    s.v = s.k + kPage * dim;
    s.scores = s.v + kPage * dim;
  }
  visible_.resize(static_cast<size_t>(threads) * n);
}

uint16_t* Attention::keys(int layer, int page, int kvHead) const {
  const size_t head = static_cast<size_t>(spec_.headDim) * kPage, half = head * static_cast<size_t>(spec_.kvHeads);
  return pages_.as<uint16_t>() + (static_cast<size_t>(layer) * spec_.pages + static_cast<size_t>(page)) * 2 * half +
         static_cast<size_t>(kvHead) * head;
}

uint16_t* Attention::values(int layer, int page, int kvHead) const {
  return keys(layer, page, kvHead) + static_cast<size_t>(spec_.headDim * kPage) * spec_.kvHeads;
}

void Attention::prepare(const Request& request) {
  request_ = &request;
  writes_.clear();
  allBlocks_.clear();
  askedBlocks_.clear();
  size_t asked = 0;
  for (size_t i = 0; i < request.spans.size(); i++) {
    const Span& span = request.spans[i];
    for (int row = 0; row < span.rows;) {
      const int position = span.position + row, offset = position % kPage;
      const int rows = std::min(span.rows - row, kPage - offset);
      writes_.push_back({span.firstRow + row, rows, span.pages[position / kPage], offset});
      row += rows;
    }
    addBlocks(&allBlocks_, static_cast<int>(i), span.firstRow, span.rows);
    const size_t first = asked;
    while (asked < request.asked.size() && request.asked[asked].row < span.firstRow + span.rows) asked++;
    addBlocks(&askedBlocks_, static_cast<int>(i), static_cast<int>(first), static_cast<int>(asked - first));
  }
  // A task then has all rows that its head writes; rows of other spans could be on pages that it reads.
  together_ = allBlocks_.size() == 1;
}

void Attention::addBlocks(std::vector<Block>* blocks, int span, int first, int rows) const {
  if (rows == 0) return;
  // Of nearly equal size, and enough of them for all threads.
  const int wanted = std::min(leastBlocks_, (rows + kLeastRows - 1) / kLeastRows);
  const Tiling tiling = makeTiling(rows, std::min(blockRows_, (rows + wanted - 1) / wanted));
  for (int tile = 0; tile < tiling.tiles; tile++)
    blocks->push_back({span, first + tileStart(tiling, tile), tileWidth(tiling, tile)});
}

void Attention::turn(float* x, int position) const {
  const size_t half = static_cast<size_t>(spec_.ropeDim / 2), at = static_cast<size_t>(position) * half;
  kernels_.rope(x, 1, spec_.headDim, spec_.ropeDim, spec_.ropeAdjacent, spec_.cos.data() + at, spec_.sin.data() + at);
}

void Attention::write(const AttendStep& step, const RowsView& k, const RowsView& v, int task, int worker) {
  const PageRows& rows = writes_[task / spec_.kvHeads];
  const int kvHead = task % spec_.kvHeads, dim = spec_.headDim;
  Scratch& s = scratch_[worker];
  uint16_t* pageK = keys(step.layer, rows.page, kvHead) + rows.offset;
  uint16_t* pageV = values(step.layer, rows.page, kvHead) + static_cast<size_t>(rows.offset) * dim;
  uint16_t* narrowed = reinterpret_cast<uint16_t*>(s.v);
  for (int r = 0; r < rows.rows; r++) {
    const float* x = k.row(rows.row + r) + kvHead * dim;
    if (step.ropeK) {
      std::copy(x, x + dim, s.k);
      turn(s.k, request_->positions[rows.row + r]);
      x = s.k;
    }
    kernels_.narrow(x, dim, narrowed);
    for (int d = 0; d < dim; d++) pageK[d * kPage + r] = narrowed[d];
    kernels_.narrow(v.row(rows.row + r) + kvHead * dim, dim, pageV + r * dim);
  }
}

void Attention::writeFor(const AttendStep& step, const RowsView& k, const RowsView& v, int task, int worker) {
  for (int t = task % spec_.kvHeads; t < writeTasks(); t += spec_.kvHeads) write(step, k, v, t, worker);
}

void Attention::attend(const AttendStep& step, const RowsView& q, const RowsView& out, bool asked, int task,
                       int worker) {
  const Block& block = (asked ? askedBlocks_ : allBlocks_)[task / spec_.kvHeads];
  const Span& span = request_->spans[block.span];
  const int kvHead = task % spec_.kvHeads, dim = spec_.headDim, queries = block.rows * group_;
  Scratch& s = scratch_[worker];
  int* visible = &visible_[worker * queries_];

  int most = 0;
  for (int r = 0; r < block.rows; r++) {
    const int row = asked ? request_->asked[block.first + r].row : block.first + r;
    const float* from = q.row(row) + kvHead * group_ * dim;
    float* to = s.q + r * group_ * dim;
    std::copy(from, from + group_ * dim, to);
    for (int g = 0; g < group_; g++) {
      if (step.ropeQ) turn(to + g * dim, request_->positions[row]);
      visible[r * group_ + g] = request_->visible[row];
    }
    most = std::max(most, visible[r * group_]);
  }
  kernels_.scale(s.q, queries * dim, spec_.attentionScale);

  const int pages = roundUp(most, kPage) / kPage;
  for (int p = 0; p < pages; p++) {
    kernels_.widen(keys(step.layer, span.pages[p], kvHead), dim * kPage, s.k);
    kernels_.outer(queries, dim, s.q, static_cast<size_t>(dim), s.k, kPage, s.scores + p * kPage, scoreStride_, false);
  }
  for (int i = 0; i < queries; i++)
    s.sums[i] = kernels_.softmax(s.scores + i * scoreStride_, visible[i], pages * kPage);
  std::fill(s.total, s.total + queries * paddedDim_, 0.0f);
  for (int p = 0; p < pages; p++) {
    const uint16_t* page = values(step.layer, span.pages[p], kvHead);
    if (dim == paddedDim_) kernels_.widen(page, kPage * dim, s.v);
    else
      for (int i = 0; i < kPage; i++) kernels_.widen(page + i * dim, dim, s.v + i * paddedDim_);
    // Queries that see equally many keys of the page go together; none meets a key it does not see.
    const auto depth = [&](int i) { return std::min(kPage, visible[i] - p * kPage); };
    for (int first = 0; first < queries;) {
      int next = first + 1;
      while (next < queries && depth(next) == depth(first)) next++;
      const float* weights = s.scores + first * scoreStride_ + p * kPage;
      for (int d = 0; depth(first) > 0 && d < paddedDim_; d += 32)
        kernels_.outer(next - first, depth(first), weights, scoreStride_, s.v + d, static_cast<size_t>(paddedDim_),
                       s.total + first * paddedDim_ + d, static_cast<size_t>(paddedDim_), true);
      first = next;
    }
  }
  for (int i = 0; i < queries; i++) {
    const int r = i / group_, head = kvHead * group_ + i % group_;
    kernels_.divide(s.total + i * paddedDim_, dim, s.sums[i], out.row(block.first + r) + head * dim);
  }
}

}  // namespace unmask
