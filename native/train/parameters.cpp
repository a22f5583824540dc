// Weights in the forms that products take; see parameters.h.
#include "parameters.h"

#include <math.h>

#include <algorithm>

#include "../panels.h"
#include "parallel.h"

namespace unmask {

Parameters::Parameters(const std::vector<ParameterSpec>& specs, const TrainKernels& kernels, Pool& pool)
    : kernels_(kernels), pool_(pool) {
  size_t largest = 0;
  for (const ParameterSpec& spec : specs) {
    Parameter p;
    p.spec = spec;
    p.padded = roundUp(spec.columns, kPadding);
    p.floats = static_cast<size_t>(spec.rows) * static_cast<size_t>(p.padded);
    for (Region* region : {&p.values, &p.gradient, &p.first, &p.second}) *region = Region(p.floats * sizeof(float));
    if (spec.kind == ParameterSpec::Kind::Matrix) p.momentum = Region(p.floats * sizeof(float));
    if (spec.ternary) largest = std::max(largest, p.floats + static_cast<size_t>(p.padded));
    all_.push_back(std::move(p));
  }
  effective_ = Region(largest * sizeof(float));
}

/** The scale as src/convert makes it: mean in double precision, every other step in f32. */
void Parameters::measure(Parameter& p) const {
  double sum = 0;
  for (int r = 0; r < p.spec.rows; r++) {
    const float* row = p.row(p.values, r);
    for (int c = 0; c < p.spec.columns; c++) sum += fabs(static_cast<double>(row[c]));
  }
  const float mean = static_cast<float>(sum / (static_cast<double>(p.spec.rows) * p.spec.columns));
  p.inverse = 1.0f / std::max(mean, 1e-5f);
  p.scale = 1.0f / p.inverse;
}

void Parameters::prepare(float quantisation, Gemm& gemm) {
  if (prepared_ == quantisation) return;
  const int count = static_cast<int>(all_.size());
  if (quantisation > 0)
    inParallel(pool_, count, [&](int i, int) {
      if (all_[static_cast<size_t>(i)].spec.ternary) measure(all_[static_cast<size_t>(i)]);
    });
  for (Parameter& p : all_)
    if (p.multiplied) packMatrix(p, quantisation, gemm);
  prepared_ = quantisation;
}

void Parameters::packMatrix(Parameter& p, float quantisation, Gemm& gemm) {
  const int rows = p.spec.rows, columns = p.spec.columns;
  const float* weights = p.values.as<float>();
  if (p.spec.ternary && quantisation == 1) return packTernary(p, gemm);
  if (p.spec.ternary && quantisation > 0) {
    inPieces(pool_, rows, 32, [&](int begin, int end, int) {
      for (int r = begin; r < end; r++)
        kernels_.blendWeights(p.row(p.values, r), p.inverse, p.scale, quantisation, p.padded, p.row(effective_, r));
    }, static_cast<double>(p.floats));
    weights = effective_.as<float>();
  }
  p.backward = pack({weights, static_cast<size_t>(p.padded)}, rows, columns, gemm, p.backwardData);
  p.forward = pack({weights, static_cast<size_t>(p.padded), true}, columns, rows, gemm, p.forwardData);
}

PackedMatrix Parameters::pack(const View& weights, int depth, int columns, Gemm& gemm, Region& data) {
  const size_t bytes = gemm.packedFloats(depth, columns) * sizeof(float);
  if (data.bytes() < bytes) data = Region(bytes);
  return gemm.pack(weights, depth, columns, data.as<float>());
}

/** The engine's panels, and for the backward pass pairs of codes of neighbouring rows. */
void Parameters::packTernary(Parameter& p, Gemm& gemm) {
  const int rows = p.spec.rows, columns = p.spec.columns, panels = panelCount(rows);
  if (p.codes.bytes() == 0) p.codes = Region(panelBytes(columns) * static_cast<size_t>(panels));
  p.panels = {p.codes.as<uint8_t>(), nullptr, p.scale, panels, panelColumns(columns), 0};
  inParallel(pool_, panels, [&](int panel, int) {
    std::vector<uint8_t> codes(static_cast<size_t>(p.padded) * kPanelRows, 1);
    const int first = panel * kPanelRows, height = std::min(kPanelRows, rows - first);
    int16_t* pairs = effective_.as<int16_t>() + static_cast<size_t>(first) * static_cast<size_t>(p.padded);
    for (int r = 0; r < height; r++) {
      const float* row = p.row(p.values, first + r);
      uint8_t* code = codes.data() + r * p.padded;
      int16_t* pair = pairs + 2 * (r / 2) * p.padded + r % 2;
      for (int c = 0; c < columns; c++) {
        const float scaled = row[c] * p.inverse;  // half to even takes 0.5 itself to 0
        const int weight = (scaled > 0.5f) - (scaled < -0.5f);
        code[c] = static_cast<uint8_t>(1 + weight);
        pair[2 * c] = static_cast<int16_t>(weight);
      }
    }
    if (height % 2 == 1)
      for (int c = 0; c < columns; c++) pairs[(height - 1) * p.padded + 2 * c + 1] = 0;
    packCodes(codes.data(), p.padded, p.codes.as<uint8_t>() + static_cast<size_t>(panel) * panelBytes(columns));
  }, static_cast<double>(rows) * columns);
  p.backward = pack({effective_.as<float>(), static_cast<size_t>(p.padded)}, (rows + 1) / 2, columns, gemm, p.backwardData);
}

double sumSquares(const TrainKernels& kernels, Pool& pool, const float* x, size_t floats) {
  const int count = static_cast<int>(floats), pieces = (count + kPiece - 1) / kPiece;
  std::vector<double> sums(static_cast<size_t>(pieces));
  inPieces(pool, count, kPiece, [&](int begin, int end, int) {
    sums[static_cast<size_t>(begin / kPiece)] = kernels.sumSquares(x + begin, static_cast<size_t>(end - begin));
  });
  double sum = 0;
  for (const double piece : sums) sum += piece;
  return sum;
}

void copyOut(const Parameter& p, const Region& region, float* out) {
  for (int r = 0; r < p.spec.rows; r++, out += p.spec.columns) std::copy(p.row(region, r), p.row(region, r) + p.spec.columns, out);
}

void copyIn(const Parameter& p, const float* in, const Region& region) {
  for (int r = 0; r < p.spec.rows; r++, in += p.spec.columns) std::copy(in, in + p.spec.columns, p.row(region, r));
}

}  // namespace unmask
