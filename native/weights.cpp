// Mapping, checking and repacking weights; see weights.h.
#include "weights.h"

#include <atomic>
#include <mutex>
#include <string>

#include "failure.h"
#include "panels.h"

namespace unmask {

namespace {

/** Bytes that kernels may prefetch or read ahead of the last panel. */
constexpr size_t kSlack = 8192;

}  // namespace

Weights::Weights(const ModelSpec& spec, Pool& pool, const std::function<void(uint64_t, uint64_t)>& progress)
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

  std::vector<int> linears;  // ternary, in program order, each once
  std::vector<bool> listed(count, false);
  for (const Op& op : spec.ops) {
    if (op.kind == OpKind::Norm) loadVector(op.weight);
    if (op.bias >= 0) loadVector(op.bias);
    if (op.kind != OpKind::Linear) continue;
    const size_t weight = static_cast<size_t>(op.weight);
    if (traits_[weight].ternary && !listed[weight]) linears.push_back(op.weight);
    listed[weight] = true;
  }
  loadPanels(pool, linears, progress);
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

void Weights::loadPanels(Pool& pool, const std::vector<int>& linears,
                         const std::function<void(uint64_t, uint64_t)>& progress) {
  struct Job {
    int weight, first;         // panel number among all panels
    std::atomic<int> left{0};  // panels still to pack
  };
  std::vector<Job> jobs(linears.size());
  size_t total = 0;
  int panels = 0;
  for (size_t i = 0; i < linears.size(); i++) {
    const Tensor& t = tensor(linears[i]);
    jobs[i].weight = linears[i];
    jobs[i].first = panels;
    jobs[i].left = panelCount(t.rows);
    panels += panelCount(t.rows);
    total += panelBytes(t.columns) * panelCount(t.rows);
  }
  codes_ = Region(total + kSlack);
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
  std::mutex reporting;
  uint64_t done = 0;
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
      std::lock_guard<std::mutex> lock(reporting);
      done += panelBytes(t.columns) * panelCount(t.rows);
      progress(done, total);
    }
  });
}

}  // namespace unmask
