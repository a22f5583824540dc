// Blending, packing and multiplying; see float_products.h.
#include "float_products.h"

#include "exact_product.h"
#include "parallel.h"

namespace unmask {

namespace {

/** Floats between rows, an odd number of cache lines. */
size_t strideOf(int padded) { return static_cast<size_t>(padded) + 16; }

}  // namespace

void FloatProducts::reserve(int rows, int columns) {
  const int padded = roundUp(columns, kPadding);
  blended_ = Region(static_cast<size_t>(rows) * strideOf(padded) * sizeof(float));
  packed_ = Region(gemm_.packedFloats(rows, padded) * sizeof(float));
}

void FloatProducts::begin(int rows, float quantisation, bool training) {
  rows_ = rows, quantisation_ = quantisation, training_ = training;
  blendedValue_ = packedValue_ = -1;
}

void FloatProducts::forward(const Parameter& p, int value, const Matrix& x, const Matrix& out) {
  if (!training_ && !blends(p)) return exactProduct(kernels_, pool_, gemm_, p, x.rows(), rows_, out.rows());
  gemm_.multiply(rows_, inputOf(p, value, x), {{p.forward, out.row(0), out.stride, false}});
}

void FloatProducts::backward(const Parameter& p, int value, const Matrix& x, const Matrix& dy, const Matrix& dx,
                             bool accumulate) {
  if (packedValue_ != value || packedBlend_ != blends(p)) {
    packedValue_ = value, packedBlend_ = blends(p);
    input_ = gemm_.pack(inputOf(p, value, x), rows_, x.width, packed_.as<float>());
  }
  gemm_.multiply(p.spec.rows, {dy.row(0), dy.stride, true},
                 {{input_, p.gradient.as<float>(), static_cast<size_t>(p.padded), true}});
  gemm_.multiply(rows_, {dy.row(0), dy.stride}, {{p.backward, dx.row(0), dx.stride, accumulate}});
}

/** x, or its blend with the int8 rows that a ternary product sees. */
View FloatProducts::inputOf(const Parameter& p, int value, const Matrix& x) {
  if (!blends(p)) return {x.row(0), x.stride};
  const size_t stride = strideOf(x.padded);
  if (blendedValue_ != value) {
    blendedValue_ = value;
    inPieces(pool_, rows_, kRowGrain, [&](int begin, int end, int) {
      for (int row = begin; row < end; row++)
        train_.blendActivations(x.row(row), quantisation_, x.padded, blended_.as<float>() + static_cast<size_t>(row) * stride);
    });
  }
  return {blended_.as<float>(), stride};
}

}  // namespace unmask
