// Momentum and orthogonalisation; see muon.h.
#include "muon.h"

#include <math.h>

#include <algorithm>

namespace unmask {

void Muon::reserve(const Parameter& p) {
  const int side = std::min(p.spec.rows, p.spec.columns), depth = std::max(p.spec.rows, p.spec.columns);
  const size_t square = static_cast<size_t>(side) * static_cast<size_t>(roundUp(side, kPadding));
  const size_t bytes = (2 * p.floats + 4 * square) * sizeof(float);
  if (scratch_.bytes() < bytes) scratch_ = Region(bytes);
  const size_t packed = std::max(gemm_.packedFloats(depth, side), gemm_.packedFloats(side, depth)) * sizeof(float);
  if (packed_.bytes() < packed) packed_ = Region(packed);
}

void Muon::update(Parameter& p, double scale, const UpdateOptions& o) {
  float* ahead = scratch_.as<float>();
  float* change = ahead + p.floats;
  const float momentum = static_cast<float>(o.momentum), gradientScale = static_cast<float>(scale);
  float* sum = p.momentum.as<float>();
  const float* gradient = p.gradient.as<float>();
  kernels_.combine(sum, momentum, gradient, gradientScale, p.floats, sum);
  kernels_.combine(sum, momentum, gradient, gradientScale, p.floats, ahead);  // Nesterov
  const float inverse = static_cast<float>(1 / (sqrt(sumSquares(kernels_, alone_, ahead, p.floats)) + 1e-7));
  kernels_.combine(ahead, inverse, ahead, 0, p.floats, ahead);
  orthogonalise(ahead, p.spec.rows, p.spec.columns, static_cast<size_t>(p.padded), change + p.floats, change);
  const float keep = static_cast<float>(1 - o.matrixRate * o.weightDecay);
  const float step = static_cast<float>(-o.matrixRate * 0.2 * sqrt(std::max(p.spec.rows, p.spec.columns)));
  kernels_.combine(p.values.as<float>(), keep, change, step, p.floats, p.values.as<float>());
}

/**
 * Five steps of x = p(g) x with g = x x^T and p(g) = a + b g + c g^2, or of the transpose where that is smaller.
 *
 * All p(g) and g are symmetric and commute, so x is left alone until the end: with q = p, the next g is
 * p g p, and out = q5 q4 q3 q2 q1 x. Of squares only the upper half is computed.
 */
void Muon::orthogonalise(const float* x, int rows, int columns, size_t stride, float* squares, float* out) {
  constexpr float a = 3.4445f, b = -4.7750f, c = 2.0315f;
  const bool wide = rows <= columns;
  const int side = std::min(rows, columns), depth = std::max(rows, columns);
  const size_t squareStride = static_cast<size_t>(roundUp(side, kPadding)), square = static_cast<size_t>(side) * squareStride;
  float *gram = squares, *polynomial = gram + square, *all = polynomial + square, *spare = all + square;
  const auto pack = [&](const float* data, size_t dataStride, bool transposed, int deep, int broad) {
    return gemm_.pack({data, dataStride, transposed}, deep, broad, packed_.as<float>());
  };
  const auto multiply = [&](const float* left, const float* right, float* product) {
    const PackedMatrix factor = pack(right, squareStride, false, side, side);
    gemm_.multiplySymmetric(side, {left, squareStride}, {factor, product, squareStride, false});
  };
  gemm_.multiplySymmetric(side, {x, stride, !wide}, {pack(x, stride, wide, depth, side), gram, squareStride, false});
  for (int step = 0; step < 5; step++) {
    multiply(gram, gram, spare);
    kernels_.combine(gram, b, spare, c, square, polynomial);
    for (int i = 0; i < side; i++) polynomial[static_cast<size_t>(i) * squareStride + static_cast<size_t>(i)] += a;
    if (step == 0) {
      std::copy(polynomial, polynomial + square, all);
    } else {
      multiply(polynomial, all, spare);
      std::swap(all, spare);
    }
    if (step == 4) break;
    multiply(polynomial, gram, spare);
    multiply(polynomial, spare, gram);
  }
  if (wide) gemm_.multiply(side, {all, squareStride}, {{pack(x, stride, false, side, columns), out, stride, false}});
  else gemm_.multiply(rows, {x, stride}, {{pack(all, squareStride, false, side, side), out, stride, false}});
}

}  // namespace unmask
