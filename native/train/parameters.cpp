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
    if (spec.ternary) largest = std::max(largest, p.floats);
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
  const bool blended = p.spec.ternary && quantisation > 0, whole = blended && quantisation == 1;
  if (blended) {
    inPieces(pool_, rows, 32, [&](int begin, int end, int) {
      for (int r = begin; r < end; r++)
        kernels_.blendWeights(p.row(p.values, r), p.inverse, p.scale, quantisation, p.padded, p.row(effective_, r));
    }, static_cast<double>(p.floats));
    weights = effective_.as<float>();
  }
  const auto packed = [&](Region& data, bool transposed, int depth, int wide) {
    const size_t bytes = gemm.packedFloats(depth, wide) * sizeof(float);
    if (data.bytes() < bytes) data = Region(bytes);
    return gemm.pack({weights, static_cast<size_t>(p.padded), transposed}, depth, wide, data.as<float>());
  };
  p.backward = packed(p.backwardData, false, rows, columns);
  if (whole) packTernary(p);
  else p.forward = packed(p.forwardData, true, columns, rows);
}

/** The engine's panels. */
void Parameters::packTernary(Parameter& p) {
  const int rows = p.spec.rows, columns = p.spec.columns;
  if (p.codes.bytes() == 0) p.codes = Region(panelBytes(columns) * static_cast<size_t>(panelCount(rows)));
  p.panels = {p.codes.as<uint8_t>(), nullptr, p.scale, panelCount(rows), panelColumns(columns), 0};
  inParallel(pool_, panelCount(rows), [&](int panel, int) {
    std::vector<uint8_t> codes(static_cast<size_t>(p.padded) * kPanelRows, 1);
    for (int r = 0; r < std::min(kPanelRows, rows - panel * kPanelRows); r++) {
      const float* row = p.row(p.values, panel * kPanelRows + r);
      for (int c = 0; c < columns; c++) {
        const float scaled = row[c] * p.inverse;  // half to even takes 0.5 itself to 0
        codes[static_cast<size_t>(r * p.padded + c)] = static_cast<uint8_t>(1 + (scaled > 0.5f) - (scaled < -0.5f));
      }
    }
    packCodes(codes.data(), p.padded, p.codes.as<uint8_t>() + static_cast<size_t>(panel) * panelBytes(columns));
  }, static_cast<double>(rows) * columns);
}

void copyOut(const Parameter& p, const Region& region, float* out) {
  for (int r = 0; r < p.spec.rows; r++, out += p.spec.columns) std::copy(p.row(region, r), p.row(region, r) + p.spec.columns, out);
}

void copyIn(const Parameter& p, const float* in, const Region& region) {
  for (int r = 0; r < p.spec.rows; r++, in += p.spec.columns) std::copy(in, in + p.spec.columns, p.row(region, r));
}

}  // namespace unmask
