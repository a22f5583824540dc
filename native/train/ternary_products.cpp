// Rounding and multiplying; see ternary_products.h.
#include "ternary_products.h"

#include <math.h>

#include <algorithm>
#include <chrono>

#include "parallel.h"

namespace unmask {

namespace {

constexpr float kMost = 32767;
constexpr float kNothing = 1e-30f;  // gradients below are 0
constexpr int kTileRoom = 16;  // what a register tile may read beyond the last row

size_t floatsFor(int rows, size_t columns) { return static_cast<size_t>(rows) * columns * sizeof(float); }

/** Floats between rows, an odd number of cache lines. */
size_t strideOf(int floats) { return static_cast<size_t>(roundUp(floats, 32)) + 16; }

/** What x is multiplied with so that `most` becomes kMost. */
float factorFor(float most) { return isfinite(most) && most > kNothing ? kMost / most : 0; }

/** And what the rounded number counts; not a number where the gradient is none. */
float scaleFor(float most) { return isfinite(most) ? (most > kNothing ? most / kMost : 0) : NAN; }

}  // namespace

void TernaryProducts::reserve(int rows, int columns) {
  const int even = rows + rows % 2, padded = roundUp(columns, kPadding), pieces = (rows + kRowGrain - 1) / kRowGrain;
  const size_t wide = strideOf(padded);
  const size_t codes = static_cast<size_t>(rows) * static_cast<size_t>(padded);
  codes_ = Region(codes + static_cast<size_t>(rows) * sizeof(RowFacts));
  quantised_.codes = codes_.as<int8_t>();
  quantised_.facts = reinterpret_cast<RowFacts*>(quantised_.codes + codes);
  quantised_.groupSum = nullptr;
  for (Region& scratch : scratch_) scratch = Region(kernels_.ternaryScratch(rows));
  for (Region* pairs : {&pairs_, &columnPairs_}) *pairs = Region(floatsFor(even / 2, wide));
  words_ = Region(floatsFor(rows, strideOf(padded / 2)));
  packed_ = Region(gemm_.packedFloats(even / 2, padded) * sizeof(float));
  inputScale_ = Region(floatsFor(rows, 1));
  rowScale_ = Region(floatsFor(rows + kTileRoom, 1));
  for (Region* column : {&columnScale_, &columnFactor_}) *column = Region(floatsFor(padded + kTileRoom, 1));
  columnMost_ = Region(floatsFor(pieces, static_cast<size_t>(padded)));
}

void TernaryProducts::forward(const Parameter& p, int value, const Matrix& x, const float* bias, const Matrix& out) {
  const auto begin = std::chrono::steady_clock::now();
  if (forwardValue_ != value) {
    forwardValue_ = value;
    tiling_ = makeTiling(rows_, kernels_.tokenTile);
    inPieces(pool_, rows_, kRowGrain, [&](int first, int end, int) {
      for (int row = first; row < end; row++) kernels_.quantise(x.row(row), x.padded, tiling_, row, &quantised_);
    });
  }
  const TernaryJob job = {&p.panels, &quantised_, tiling_, bias, out.row(0), out.stride};
  inParallel(pool_, p.panels.panels, [&](int panel, int worker) {
    kernels_.ternary(job, panel, panel + 1, scratch_[static_cast<size_t>(worker)].as<void>());
  });
  gemm_.count(2.0 * rows_ * p.spec.rows * p.spec.columns,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

void TernaryProducts::backward(const Parameter& p, int value, const Matrix& x, const Matrix& dy, const Matrix& dx,
                               bool accumulate) {
  pairInput(value, x);
  roundGradient(p, dy);
  gemm_.multiply(p.spec.rows, {columnPairs_.as<float>(), strideOf(dy.padded), true, columnScale_.as<float>()},
                 {{input_, p.gradient.as<float>(), static_cast<size_t>(p.padded), true}});
  gemm_.multiply(rows_, {words_.as<float>(), strideOf(dy.padded / 2), false, rowScale_.as<float>()},
                 {{p.backward, dx.row(0), dx.stride, accumulate}});
}

/** The int8 rows of the forward product, two rows side by side. */
void TernaryProducts::pairInput(int value, const Matrix& x) {
  if (backwardValue_ == value) return;
  backwardValue_ = value;
  const size_t stride = strideOf(x.padded);
  inPieces(pool_, rows_, kRowGrain, [&](int begin, int end, int) {
    for (int row = begin; row < end; row += 2) {
      const bool alone = row + 1 == end;
      float factor[2] = {};
      for (int i = 0; i < (alone ? 1 : 2); i++) {
        const float most = train_.largest(x.row(row + i), x.padded, 0, nullptr);
        factor[i] = 127.0f / (most > 1e-5f ? most : 1e-5f);  // NaN too is below
        inputScale_.as<float>()[row + i] = 1.0f / factor[i];
      }
      train_.pairs(x.row(row), factor[0], x.row(alone ? row : row + 1), factor[1], nullptr, x.padded,
                   reinterpret_cast<int16_t*>(pairs_.as<float>() + static_cast<size_t>(row / 2) * stride));
    }
  });
  input_ = gemm_.pack({pairs_.as<float>(), stride}, (rows_ + 1) / 2, x.width, packed_.as<float>());
}

/** Once by rows, and once by columns after each row has got the scale of the input's row. */
void TernaryProducts::roundGradient(const Parameter& p, const Matrix& dy) {
  const int padded = dy.padded, pieces = (rows_ + kRowGrain - 1) / kRowGrain;
  const size_t rowStride = strideOf(padded / 2), pairStride = strideOf(padded);
  const float* inputScale = inputScale_.as<float>();
  float *rowScale = rowScale_.as<float>(), *columnScale = columnScale_.as<float>(), *columnFactor = columnFactor_.as<float>();
  inPieces(pool_, rows_, kRowGrain, [&](int begin, int end, int) {
    float* most = columnMost_.as<float>() + static_cast<size_t>(begin / kRowGrain) * static_cast<size_t>(padded);
    std::fill(most, most + padded, 0.0f);
    for (int row = begin; row < end; row++) {
      const float largest = train_.largest(dy.row(row), padded, inputScale[row], most);
      rowScale[row] = scaleFor(largest) * p.scale;
      train_.words(dy.row(row), factorFor(largest), padded,
                   reinterpret_cast<int16_t*>(words_.as<float>() + static_cast<size_t>(row) * rowStride));
    }
  });
  for (int i = 0; i < padded; i++) {
    float most = 0;
    for (int piece = 0; piece < pieces; piece++)
      most = std::max(most, columnMost_.as<float>()[static_cast<size_t>(piece) * static_cast<size_t>(padded) + static_cast<size_t>(i)]);
    columnScale[i] = scaleFor(most);
    columnFactor[i] = factorFor(most);
  }
  inPieces(pool_, rows_, kRowGrain, [&](int begin, int end, int) {
    for (int row = begin; row < end; row += 2) {
      const bool alone = row + 1 == end;
      train_.pairs(dy.row(row), inputScale[row], dy.row(alone ? row : row + 1), alone ? 0 : inputScale[row + 1], columnFactor,
                   padded, reinterpret_cast<int16_t*>(columnPairs_.as<float>() + static_cast<size_t>(row / 2) * pairStride));
    }
  });
}

}  // namespace unmask
