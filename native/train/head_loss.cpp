// See head_loss.h.
#include "head_loss.h"

#include <algorithm>

#include "exact_product.h"
#include "parallel.h"

namespace unmask {

namespace {

constexpr int kHeadFloats = 1 << 20;  // logits that exist at a time

void copyRow(const Matrix& from, int i, const Matrix& to, int j) { std::copy(from.row(i), from.row(i) + from.padded, to.row(j)); }

}  // namespace

void HeadLoss::reserve(int rows, int columns) {
  rows_ = rows;
  packed_ = Region(static_cast<size_t>(rows) * static_cast<size_t>(roundUp(columns, kPadding) + 64) * sizeof(float));
}

double HeadLoss::run(Parameter& p, const Chunk& chunk, const HeadMatrices& matrices, float* losses, float* logits) {
  const Matrix &x = matrices.x, &compact = matrices.asked;
  const Matrix *compactGradient = matrices.askedGradient, *gradient = matrices.gradient;
  std::fill(losses, losses + chunk.rows, 0.0f);
  asked_.clear();
  for (int row = 0; row < chunk.rows; row++)
    if (chunk.targets[row] >= 0 || logits != nullptr) asked_.push_back(row);
  const int asked = static_cast<int>(asked_.size());
  inPieces(pool_, asked, kRowGrain, [&](int begin, int end, int) {
    for (int i = begin; i < end; i++) copyRow(x, asked_[static_cast<size_t>(i)], compact, i);
  });
  const int vocabulary = p.spec.rows, padded = roundUp(vocabulary, 64), most = std::max(64, kHeadFloats / padded);
  const size_t stride = static_cast<size_t>(padded) + 16;
  const size_t bytes = static_cast<size_t>(std::min(most, rows_)) * stride * sizeof(float);
  if (logits_.bytes() < bytes) logits_ = Region(bytes);
  float* made = logits_.as<float>();
  double loss = 0;
  for (int first = 0; first < asked; first += most) {
    const int rows = std::min(most, asked - first);
    const View from = {compact.row(first), compact.stride};
    if (gradient != nullptr) gemm_.multiply(rows, from, {{p.forward, made, stride, false}});
    else exactProduct(kernels_, pool_, gemm_, p, {compact.row(first), compact.stride}, rows, {made, stride});
    inPieces(pool_, rows, 8, [&](int begin, int end, int) {
      for (int i = begin; i < end; i++) {
        const int row = asked_[static_cast<size_t>(first + i)], target = chunk.targets[row];
        float* line = made + static_cast<size_t>(i) * stride;
        if (logits != nullptr) std::copy(line, line + vocabulary, logits + static_cast<size_t>(row) * static_cast<size_t>(vocabulary));
        if (target >= 0) losses[row] = train_.crossEntropy(line, vocabulary, target, chunk.weights[row]);
      }
    });
    for (int i = first; i < first + rows; i++) {
      const int row = asked_[static_cast<size_t>(i)];
      if (chunk.targets[row] >= 0) loss += static_cast<double>(chunk.weights[row]) * static_cast<double>(losses[row]);
    }
    if (gradient == nullptr) continue;
    const PackedMatrix packed = gemm_.pack(from, rows, compact.width, packed_.as<float>());
    gemm_.multiply(rows, {made, stride}, {{p.backward, compactGradient->row(first), compactGradient->stride, false}});
    gemm_.multiply(vocabulary, {made, stride, true}, {{packed, p.gradient.as<float>(), static_cast<size_t>(p.padded), true}});
  }
  if (gradient == nullptr) return loss;
  std::vector<int> place(static_cast<size_t>(chunk.rows), -1);
  for (int i = 0; i < asked; i++) place[static_cast<size_t>(asked_[static_cast<size_t>(i)])] = i;
  inPieces(pool_, chunk.rows, kRowGrain, [&](int begin, int end, int) {
    for (int row = begin; row < end; row++) {
      const int i = place[static_cast<size_t>(row)];
      if (i < 0) std::fill(gradient->row(row), gradient->row(row) + gradient->padded, 0.0f);
      else copyRow(*compactGradient, i, *gradient, row);
    }
  });
  return loss;
}

}  // namespace unmask
