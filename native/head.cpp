// The chunked head and the choice of tokens; see head.h.
#include "head.h"

#include <math.h>

#include <algorithm>

#include "sampling.h"
#include "transcendental.h"

namespace unmask {

namespace {

constexpr int kSubRows = kDenseBlock;         // weight rows multiplied at a time, to stay in cache
constexpr size_t kChunkStride = kChunk + 16;  // off the powers of two

bool truncated(const AskedRow& row) { return row.temperature > 0 && (row.topK > 0 || row.topP < 1.0); }

}  // namespace

Head::Head(const ModelSpec& spec, const Kernels& kernels, const Tensor& weight, int threads)
    : spec_(spec),
      kernels_(kernels),
      weight_(weight),
      chunks_((spec.vocabulary + kChunk - 1) / kChunk),
      scratch_(static_cast<size_t>(threads)) {
  if (weight.data == nullptr) return;
  for (Scratch& s : scratch_) {
    s.logits = Region(static_cast<size_t>(spec.maxRows) * kChunkStride * sizeof(float));
    if (!isPlain(weight.type)) s.unpacked = Region(static_cast<size_t>(kSubRows * weight.columns) * sizeof(float));
  }
}

int Head::chunkLength(int chunk) const { return std::min(kChunk, spec_.vocabulary - chunk * kChunk); }

void Head::prepare(const Request& request, const Answers& answers) {
  request_ = &request;
  answers_ = answers;
  stats_.resize(request.asked.size() * static_cast<size_t>(chunks_));
  storedRow_.clear();
  int stored = 0;
  for (const AskedRow& row : request.asked) storedRow_.push_back(row.top > 0 || truncated(row) ? stored++ : -1);
  stored_.resize(static_cast<size_t>(stored) * spec_.vocabulary);
}

/** Logits of `rows` rows of x against one chunk of the vocabulary, into the worker's scratch. */
void Head::multiply(const float* x, size_t stride, int rows, int chunk, int worker) {
  Scratch& s = scratch_[worker];
  const int begin = chunk * kChunk, end = begin + chunkLength(chunk);
  for (int first = begin; first < end; first += kSubRows) {
    float* unpacked = s.unpacked.as<float>();
    DenseJob job;
    job.rows = std::min(kSubRows, end - first);
    job.columns = weight_.columns;
    job.x = x;
    job.xStride = stride;
    job.tokens = rows;
    job.out = s.logits.as<float>() + (first - begin);
    job.outStride = kChunkStride;
    job.unpacked = unpacked;
    TensorType type = weight_.type;
    if (isTernary(type)) {
      for (int r = 0; r < job.rows; r++) decodeRow(weight_, first + r, unpacked + r * weight_.columns);
      type = TensorType::F32;
      job.weight = reinterpret_cast<const uint8_t*>(unpacked);
      job.rowBytes = static_cast<size_t>(weight_.columns) * sizeof(float);
    } else {
      job.rowBytes = rowBytes(type, weight_.columns);
      job.weight = weight_.data + first * job.rowBytes;
    }
    kernels_.dense[static_cast<int>(type)](job);
  }
}

void Head::runChunk(const float* x, size_t stride, int chunk, int worker) {
  const int rows = static_cast<int>(request_->asked.size()), begin = chunk * kChunk, length = chunkLength(chunk);
  multiply(x, stride, rows, chunk, worker);
  for (int i = 0; i < rows; i++) {
    const AskedRow& row = request_->asked[i];
    float* logits = scratch_[worker].logits.as<float>() + i * kChunkStride;
    if (row.logits >= 0)
      std::copy(logits, logits + length, answers_.logits + static_cast<size_t>(row.logits) * spec_.vocabulary + begin);
    if (row.suppress >= begin && row.suppress < begin + length) logits[row.suppress - begin] = -INFINITY;
    const int stored = storedRow_[i];
    if (stored >= 0)
      std::copy(logits, logits + length,
                &stored_[static_cast<size_t>(stored) * spec_.vocabulary + static_cast<size_t>(begin)]);
    const bool plain = row.temperature > 0 && !truncated(row);
    kernels_.chunkStats(logits, length, plain ? static_cast<float>(row.temperature) : 0.0f, &stats(i, chunk));
  }
}

void Head::finish(const float* x, size_t stride, int asked, int worker) {
  const AskedRow& row = request_->asked[asked];
  float max = -INFINITY;
  Choice choice{0, -INFINITY};
  for (int c = 0; c < chunks_; c++) {
    const ChunkStats& s = stats(asked, c);
    if (s.max > max) {
      max = s.max;
      choice = {c * kChunk + s.token, s.max};
    }
  }
  double sum = 0, weighted = 0;  // of exp(l - max), and of exp(l - max) * (l - max)
  for (int c = 0; c < chunks_; c++) {
    const ChunkStats& s = stats(asked, c);
    if (!(s.max > -INFINITY)) continue;
    const double below = static_cast<double>(s.max) - static_cast<double>(max), factor = exponentialOf(below);
    sum += factor * static_cast<double>(s.sum);
    weighted += factor * (static_cast<double>(s.weighted) + below * static_cast<double>(s.sum));
  }
  const double logSum = logarithmOf(sum);
  if (row.temperature > 0) choice = sample(row, x + asked * stride, max, asked, worker);
  const auto logprob = [&](float logit) { return static_cast<double>(logit) - static_cast<double>(max) - logSum; };
  answers_.token[row.answer] = choice.token;
  answers_.logprob[row.answer] = static_cast<float>(logprob(choice.logit));
  answers_.probability[row.answer] = static_cast<float>(exponentialOf(logprob(choice.logit)));
  answers_.entropy[row.answer] = static_cast<float>(logSum - weighted / sum);
  if (row.top == 0) return;
  const float* logits = &stored_[static_cast<size_t>(storedRow_[asked]) * spec_.vocabulary];
  int* tokens = answers_.topToken + row.topAnswer;
  const int found = mostProbable(logits, spec_.vocabulary, row.top, tokens);
  for (int i = 0; i < row.top; i++) {
    if (i >= found) tokens[i] = -1;
    answers_.topLogprob[row.topAnswer + i] = i < found ? static_cast<float>(logprob(logits[tokens[i]])) : -INFINITY;
  }
}

/** Inverse of the cumulative distribution: the chunk first, then the token within it. */
Head::Choice Head::sample(const AskedRow& row, const float* x, double max, int asked, int worker) {
  const int stored = storedRow_[asked];
  if (truncated(row)) {
    const float* logits = &stored_[static_cast<size_t>(stored) * spec_.vocabulary];
    const int token = sampleTruncated(logits, spec_.vocabulary, max, row.temperature, row.topK, row.topP,
                                      static_cast<double>(row.random));
    return {token, logits[token]};
  }
  const auto weight = [&](int c) {
    const ChunkStats& s = stats(asked, c);
    return exponentialOf((static_cast<double>(s.max) - max) / row.temperature);
  };
  double total = 0;
  for (int c = 0; c < chunks_; c++) total += weight(c) * static_cast<double>(stats(asked, c).tempered);
  const double target = static_cast<double>(row.random) * total;
  double passed = 0;
  int chunk = 0;
  for (int c = 0; c < chunks_; c++) {
    const double mass = weight(c) * static_cast<double>(stats(asked, c).tempered);
    if (!(mass > 0)) continue;
    chunk = c;  // the last one with any weight, if rounding denies that the sum is reached
    if (passed + mass > target) break;
    passed += mass;
  }
  // Logits are dot products of their own, so computing them again gives the same bits.
  multiply(x, 0, 1, chunk, worker);
  float* logits = scratch_[worker].logits.as<float>();
  const int begin = chunk * kChunk, length = chunkLength(chunk);
  if (row.suppress >= begin && row.suppress < begin + length) logits[row.suppress - begin] = -INFINITY;
  alignas(64) float weights[kChunk];
  const ChunkStats& s = stats(asked, chunk);
  kernels_.chunkWeights(logits, length, s.max, static_cast<float>(row.temperature), weights);
  Choice choice{begin + s.token, s.max};
  const double factor = weight(chunk);
  for (int i = 0; i < length; i++) {
    if (!(weights[i] > 0)) continue;
    choice = {begin + i, logits[i]};
    passed += factor * static_cast<double>(weights[i]);
    if (passed > target) break;
  }
  return choice;
}

}  // namespace unmask
