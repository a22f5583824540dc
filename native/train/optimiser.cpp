// AdamW and Muon over whole tensors; see optimiser.h.
#include "optimiser.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "parallel.h"

namespace unmask {

namespace {

constexpr int kPiece = 1 << 14;  // floats that one task takes; sums are cut here whatever the threads

}  // namespace

double Optimiser::norm(const Region& region, size_t floats) {
  const int count = static_cast<int>(floats), pieces = (count + kPiece - 1) / kPiece;
  std::vector<double> sums(static_cast<size_t>(pieces));
  inPieces(pool_, count, kPiece, [&](int begin, int end, int) {
    sums[static_cast<size_t>(begin / kPiece)] = kernels_.sumSquares(region.as<float>() + begin, static_cast<size_t>(end - begin));
  });
  double sum = 0;
  for (const double piece : sums) sum += piece;
  return sum;
}

double Optimiser::update(Parameters& parameters, const UpdateOptions& options) {
  double squares = 0;
  for (Parameter& p : parameters.all()) squares += norm(p.gradient, p.floats);
  const double length = sqrt(squares), scale = length > options.clip ? options.clip / length : 1;
  if (isfinite(length)) {
    steps_++;
    for (Parameter& p : parameters.all()) {
      const bool matrix = p.spec.kind == ParameterSpec::Kind::Matrix;
      if (matrix && options.muon) muon(p, scale, options);
      else adam(p, matrix ? options.matrixRate : options.otherRate, matrix ? options.weightDecay : 0, scale, options);
    }
    parameters.touch();
  }
  for (Parameter& p : parameters.all())
    inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
      std::fill(p.gradient.as<float>() + begin, p.gradient.as<float>() + end, 0.0f);
    });
  return length;
}

void Optimiser::adam(Parameter& p, double rate, double decay, double scale, const UpdateOptions& o) {
  AdamStep step;
  step.gradientScale = static_cast<float>(scale);
  step.beta1 = static_cast<float>(o.beta1);
  step.beta2 = static_cast<float>(o.beta2);
  step.epsilon = static_cast<float>(o.epsilon);
  step.rate = static_cast<float>(rate / (1 - pow(o.beta1, steps_)));
  step.secondScale = static_cast<float>(1 / sqrt(1 - pow(o.beta2, steps_)));
  step.keep = static_cast<float>(1 - rate * decay);
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    kernels_.adam(p.values.as<float>() + begin, p.gradient.as<float>() + begin, p.first.as<float>() + begin,
                  p.second.as<float>() + begin, static_cast<size_t>(end - begin), step);
  });
}

void Optimiser::muon(Parameter& p, double scale, const UpdateOptions& o) {
  const int side = std::min(p.spec.rows, p.spec.columns);
  const size_t square = static_cast<size_t>(side) * static_cast<size_t>(roundUp(side, kPadding));
  const size_t bytes = (2 * p.floats + 4 * square) * sizeof(float);
  if (scratch_.bytes() < bytes) scratch_ = Region(bytes);
  float* ahead = scratch_.as<float>();
  float* update = ahead + p.floats;
  const float momentum = static_cast<float>(o.momentum), gradientScale = static_cast<float>(scale);
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    float* sum = p.momentum.as<float>() + begin;
    const float* gradient = p.gradient.as<float>() + begin;
    const size_t n = static_cast<size_t>(end - begin);
    kernels_.combine(sum, momentum, gradient, gradientScale, n, sum);
    kernels_.combine(sum, momentum, gradient, gradientScale, n, ahead + begin);  // Nesterov
  });
  const float inverse = static_cast<float>(1 / (sqrt(norm(scratch_, p.floats)) + 1e-7));
  kernels_.combine(ahead, inverse, ahead, 0, p.floats, ahead);
  orthogonalise(ahead, p.spec.rows, p.spec.columns, static_cast<size_t>(p.padded), update + p.floats, update);
  const float keep = static_cast<float>(1 - o.matrixRate * o.weightDecay);
  const float step = static_cast<float>(-o.matrixRate * 0.2 * sqrt(std::max(p.spec.rows, p.spec.columns)));
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    float* values = p.values.as<float>() + begin;
    kernels_.combine(values, keep, update + begin, step, static_cast<size_t>(end - begin), values);
  });
}

/**
 * Five steps of x = p(g) x with g = x x^T and p(g) = a + b g + c g^2, or of the transpose where that is smaller.
 *
 * All p(g) and g are symmetric and commute, so x is left alone until the end: with q = p, the next g is
 * p g p, and out = q5 q4 q3 q2 q1 x. Of squares only the upper half is computed.
 */
void Optimiser::orthogonalise(const float* x, int rows, int columns, size_t stride, float* squares, float* out) {
  constexpr float a = 3.4445f, b = -4.7750f, c = 2.0315f;
  const bool wide = rows <= columns;
  const int side = std::min(rows, columns), depth = std::max(rows, columns);
  const size_t squareStride = static_cast<size_t>(roundUp(side, kPadding)), square = static_cast<size_t>(side) * squareStride;
  float *gram = squares, *polynomial = gram + square, *all = polynomial + square, *spare = all + square;
  const size_t packed = std::max(gemm_.packedFloats(depth, side), gemm_.packedFloats(side, depth));
  if (packed_.bytes() < packed * sizeof(float)) packed_ = Region(packed * sizeof(float));
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
