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
  const size_t bytes = p.floats * sizeof(float);
  const int side = std::min(p.spec.rows, p.spec.columns);
  const size_t square = static_cast<size_t>(side) * static_cast<size_t>(roundUp(side, kPadding));
  if (scratch_.bytes() < 2 * bytes + 2 * square * sizeof(float)) scratch_ = Region(2 * bytes + 2 * square * sizeof(float));
  float* update = scratch_.as<float>();
  const float momentum = static_cast<float>(o.momentum), gradientScale = static_cast<float>(scale);
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    float* sum = p.momentum.as<float>() + begin;
    const float* gradient = p.gradient.as<float>() + begin;
    const size_t n = static_cast<size_t>(end - begin);
    kernels_.combine(sum, momentum, gradient, gradientScale, n, sum);
    kernels_.combine(sum, momentum, gradient, gradientScale, n, update + begin);  // Nesterov
  });
  const float inverse = static_cast<float>(1 / (sqrt(norm(scratch_, p.floats)) + 1e-7));
  kernels_.combine(update, inverse, update, 0, p.floats, update);
  orthogonalise(update, update + p.floats, p.spec.rows, p.spec.columns, static_cast<size_t>(p.padded));
  const float keep = static_cast<float>(1 - o.matrixRate * o.weightDecay);
  const float step = static_cast<float>(-o.matrixRate * 0.2 * sqrt(std::max(p.spec.rows, p.spec.columns)));
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    float* values = p.values.as<float>() + begin;
    kernels_.combine(values, keep, update + begin, step, static_cast<size_t>(end - begin), values);
  });
}

/** Five steps of x = a x + (b g + c g^2) x with g = x x^T, or of its transpose where that is smaller. */
void Optimiser::orthogonalise(float* x, float* spare, int rows, int columns, size_t stride) {
  constexpr float a = 3.4445f, b = -4.7750f, c = 2.0315f;
  const bool wide = rows <= columns;
  const int side = std::min(rows, columns), depth = std::max(rows, columns);
  const size_t squareStride = static_cast<size_t>(roundUp(side, kPadding)), square = static_cast<size_t>(side) * squareStride;
  float* gram = spare + static_cast<size_t>(rows) * stride;
  float* polynomial = gram + square;
  const size_t packed = std::max({gemm_.packedFloats(depth, side), gemm_.packedFloats(side, depth), gemm_.packedFloats(side, side)});
  if (packed_.bytes() < packed * sizeof(float)) packed_ = Region(packed * sizeof(float));
  const size_t floats = static_cast<size_t>(rows) * stride;
  for (int step = 0; step < 5; step++) {
    const PackedMatrix right = gemm_.pack({x, stride, wide}, depth, side, packed_.as<float>());
    gemm_.multiply(side, {x, stride, !wide}, {{right, gram, squareStride, false}});
    const PackedMatrix squared = gemm_.pack({gram, squareStride}, side, side, packed_.as<float>());
    gemm_.multiply(side, {gram, squareStride}, {{squared, polynomial, squareStride, false}});
    kernels_.combine(gram, b, polynomial, c, square, polynomial);
    kernels_.combine(x, a, x, 0, floats, spare);
    if (wide) {
      const PackedMatrix factor = gemm_.pack({x, stride}, side, columns, packed_.as<float>());
      gemm_.multiply(side, {polynomial, squareStride}, {{factor, spare, stride, true}});
    } else {
      const PackedMatrix factor = gemm_.pack({polynomial, squareStride}, side, side, packed_.as<float>());
      gemm_.multiply(rows, {x, stride}, {{factor, spare, stride, true}});
    }
    std::copy(spare, spare + floats, x);
  }
}

}  // namespace unmask
