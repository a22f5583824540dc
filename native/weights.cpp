// Mapping, checking and repacking weights; see weights.h.
#include "weights.h"

#include <string.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "failure.h"
#include "panels.h"

namespace unmask {

namespace {

/** Bytes that kernels may prefetch or read ahead of the last panel. */
constexpr size_t kSlack = 8192;

constexpr int kHeadRows = 256;  // that one task requantises

}  // namespace

Weights::Weights(const ModelSpec& spec, const Kernels& kernels, Pool& pool, const Report& report)
    : spec_(spec), file_(spec.path) {
  const size_t count = spec.tensors.size();
  for (const TensorSpec& tensor : spec.tensors) {
    checkTensor(tensor);
    tensors_.push_back({file_.data() + tensor.offset, tensor.type, tensor.columns, tensor.rows});
    traits_.push_back({isTernary(tensor.type), false});
  }
  panels_.resize(count);
  vectors_.resize(count);
  blockScales_.resize(count);

  int head = -1;
  std::vector<int> linears;  // ternary, in program order, each once
  std::vector<bool> listed(count, false);
  for (const Op& op : spec.ops) {
    if (op.kind == OpKind::Norm) loadVector(op.weight);
    if (op.kind == OpKind::Head) head = op.weight;
    if (op.bias >= 0) loadVector(op.bias);
    if (op.kind != OpKind::Linear) continue;
    const size_t weight = static_cast<size_t>(op.weight);
    if (traits_[weight].ternary && !listed[weight]) linears.push_back(op.weight);
    listed[weight] = true;
  }
  if (head >= 0) planHead(head);
  Progress progress(report, panelsTotal(linears) + headBlocks_.bytes());
  loadPanels(pool, linears, &progress);
  if (headBlocks_.bytes() > 0) loadHead(kernels, pool, head, &progress);
}

void Weights::checkTensor(const TensorSpec& tensor) const {
  const size_t bytes = tensorBytes(tensor.type, tensor.columns, tensor.rows);
  if (bytes == 0 || bytes != tensor.bytes)
    throw Failure("tensor_shape_mismatch", "A tensor of " + std::to_string(tensor.bytes) + " bytes cannot hold " +
                                               std::to_string(tensor.rows) + " rows of " +
                                               std::to_string(tensor.columns) + " columns. Convert the model again.");
  if (tensor.offset > file_.size() || tensor.bytes > file_.size() - tensor.offset)
    throw Failure("gguf_invalid", "The model file ends before its tensors do. Download or convert it again.");
}

void Weights::loadVector(int weight) {
  std::vector<float>& vector = vectors_[weight];
  if (!vector.empty()) return;
  vector.resize(static_cast<size_t>(roundUp(tensor(weight).columns, kPadding)), 0.0f);
  decodeRow(tensor(weight), 0, vector.data());
  bytes_ += vector.size() * sizeof(float);
}

/** Decides what the head will be and makes room for it. */
void Weights::planHead(int weight) {
  head_ = tensor(weight);
  const TensorType type = spec_.headType.value_or(head_.type);
  if (type == head_.type) return;
  const size_t bytes = tensorBytes(type, head_.columns, head_.rows);
  if (bytes == 0)
    throw Failure("type_does_not_fit", "Rows of " + std::to_string(head_.columns) +
                                           " weights are no whole number of the head's blocks. Use another --head.");
  headBlocks_ = Region(bytes);
  head_.data = headBlocks_.as<uint8_t>();
  head_.type = type;
  bytes_ += headBlocks_.bytes();
}

/** Requantises row by row from the mapping, whose pages are released behind. */
void Weights::loadHead(const Kernels& kernels, Pool& pool, int weight, Progress* progress) {
  const Tensor& stored = tensor(weight);
  const size_t from = rowBytes(stored.type, stored.columns), to = rowBytes(head_.type, head_.columns);
  const size_t columns = static_cast<size_t>(stored.columns);
  uint8_t* blocks = headBlocks_.as<uint8_t>();
  const auto pack = kernels.pack[static_cast<int>(head_.type)];
  std::atomic<int> next{0};
  pool.run([&](int) {
    std::vector<float> row(columns);
    std::vector<uint16_t> halves(columns);
    for (int first; (first = next.fetch_add(kHeadRows)) < stored.rows;) {
      const int end = std::min(first + kHeadRows, stored.rows);
      for (int r = first; r < end; r++) {
        if (stored.type == TensorType::F16) {
          memcpy(halves.data(), stored.data + r * from, from);
          kernels.widen(halves.data(), stored.columns, row.data());
        } else {
          decodeRow(stored, r, row.data());
        }
        pack(row.data(), stored.columns, blocks + r * to);
      }
      const uint64_t rows = static_cast<uint64_t>(end - first);
      file_.release(spec_.tensors[static_cast<size_t>(weight)].offset + static_cast<size_t>(first) * from, rows * from);
      progress->add(rows * to);
    }
  });
}

uint64_t Weights::panelsTotal(const std::vector<int>& linears) const {
  uint64_t total = 0;
  for (const int weight : linears)
    total += panelBytes(tensor(weight).columns) * static_cast<uint64_t>(panelCount(tensor(weight).rows));
  return total;
}

void Weights::loadPanels(Pool& pool, const std::vector<int>& linears, Progress* progress) {
  struct Job {
    int weight, first;         // panel number among all panels
    std::atomic<int> left{0};  // panels still to pack
  };
  std::vector<Job> jobs(linears.size());
  int panels = 0;
  for (size_t i = 0; i < linears.size(); i++) {
    const Tensor& t = tensor(linears[i]);
    jobs[i].weight = linears[i];
    jobs[i].first = panels;
    jobs[i].left = panelCount(t.rows);
    panels += panelCount(t.rows);
  }
  codes_ = Region(panelsTotal(linears) + kSlack);
  bytes_ += codes_.bytes();

  uint8_t* codes = codes_.as<uint8_t>();
  for (const Job& job : jobs) {
    const Tensor& t = tensor(job.weight);
    const int count = panelCount(t.rows);
    TernaryWeight& made = panels_[job.weight];
    made = {codes, nullptr, 0.0f, count, panelColumns(t.columns), 0};
    codes += panelBytes(t.columns) * count;
  }

  // First which tensors have one scale, then panel by panel, both shared out dynamically.
  std::atomic<size_t> nextJob{0};
  pool.run([&](int) {
    for (size_t i; (i = nextJob.fetch_add(1)) < jobs.size();) {
      const size_t weight = static_cast<size_t>(jobs[i].weight);
      traits_[weight].blockwise = !uniformScale(tensors_[weight], &panels_[weight].scale);
    }
  });
  for (const Job& job : jobs) {
    const size_t weight = static_cast<size_t>(job.weight);
    if (!traits_[weight].blockwise) continue;
    TernaryWeight& made = panels_[weight];
    made.blockColumns = blockColumns(tensors_[weight].type);
    const size_t scales = static_cast<size_t>(tensors_[weight].columns / made.blockColumns) *
                          static_cast<size_t>(made.panels) * kPanelRows;
    blockScales_[weight].reset(new float[scales]);
    made.blockScale = blockScales_[weight].get();
    bytes_ += scales * sizeof(float);
  }

  std::atomic<int> nextPanel{0};
  pool.run([&](int) {
    PanelScratch scratch;
    size_t i = 0;
    for (int n; (n = nextPanel.fetch_add(1)) < panels;) {
      while (i + 1 < jobs.size() && n >= jobs[i + 1].first) i++;
      Job& job = jobs[i];
      const size_t weight = static_cast<size_t>(job.weight);
      const Tensor& t = tensors_[weight];
      const int panel = n - job.first;
      const size_t blockRow =
          traits_[weight].blockwise ? static_cast<size_t>(t.columns / panels_[weight].blockColumns) : 0;
      float* scales = traits_[weight].blockwise
                          ? blockScales_[weight].get() + static_cast<size_t>(panel) * blockRow * kPanelRows
                          : nullptr;
      packPanel(t, panel, const_cast<uint8_t*>(panels_[weight].codes) + panel * panelBytes(t.columns), scales,
                &scratch);
      if (job.left.fetch_sub(1) > 1) continue;
      const TensorSpec& spec = spec_.tensors[weight];
      file_.release(spec.offset, spec.bytes);
      progress->add(panelBytes(t.columns) * static_cast<uint64_t>(panelCount(t.rows)));
    }
  });
}

}  // namespace unmask
