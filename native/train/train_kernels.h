// The kernels of the trainer that each instruction set fills, beside the engine's own.
//
// As in ../kernels.h: no standard library, no external linkage, and the same bits on every
// instruction set. An element of a product is one fma chain in the order of its depth, and of a
// product of pairs an integer for each kDepth of it, so it does not depend on tiles or threads either.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace unmask {

constexpr int kDepth = 192;                // depth that one packed run of A holds; 192 pairs of 127 * 32767 fit an int32
constexpr int kDepthStride = kDepth + 16;  // floats between its rows, off the powers of two

/** One step of AdamW (Loshchilov and Hutter, arXiv:1711.05101) over part of a tensor. */
struct AdamStep {
  float gradientScale;  // clipping
  float beta1, beta2, epsilon;
  float rate;           // learning rate / (1 - beta1^t)
  float secondScale;    // 1 / sqrt(1 - beta2^t)
  float keep;           // 1 - learning rate * weight decay
};

/**
 * c[i][j] = (accumulate ? c[i][j] : 0) + sum over k of a(i, k) * b[k][j], for one tile;
 * b is [depth][tileColumns]. Row-major: a(i, k) = a[i * kDepthStride + k];
 * column-major: a(i, k) = a[k * tileRows + i]. What is needed next is fetched meanwhile: the
 * tile of C at nextC, and a cache line a step of A from nextA and of B from nextB.
 *
 * Of pairs: each float of a and b is the place of two int16, multiplied one with one and summed in
 * int32 over the whole depth; the sum counts rowScale[i] times. Otherwise rowScale is not read.
 */
using ProductTile = void (*)(int depth, const float* a, const float* b, float* c, size_t cStride, bool accumulate,
                             const float* rowScale, const float* nextA, const float* nextB, const float* nextC);

struct TrainKernels {
  int tileRows, tileColumns;  // of a product's register tile; columns are a multiple of 16
  ProductTile rowTile, columnTile, rowPairTile, columnPairTile;

  // One row of `padded` floats, a multiple of 16; what lies beyond the width is zero.

  /** The largest |x|, NaN if some x is not finite; byColumn[i] = max(byColumn[i], |x[i] * factor|) unless null. Padded to 64. */
  float (*largest)(const float* x, int padded, float factor, float* byColumn);
  /** out[i] = x[i] * factor, rounded; at most 32767 in size. */
  void (*words)(const float* x, float factor, int padded, int16_t* out);
  /** out[2i] = even[i] * evenFactor * columnFactor[i], rounded; out[2i + 1] from odd. No columnFactor: 1. */
  void (*pairs)(const float* even, float evenFactor, const float* odd, float oddFactor, const float* columnFactor,
                int padded, int16_t* out);

  /** dx = gradient of norm (+ before, unless null); weightGradient += this row's share. */
  void (*normBackward)(const float* x, const float* weight, const float* dy, float eps, int width, int padded,
                       const float* before, float* dx, float* weightGradient);
  void (*siluBackward)(const float* gate, const float* up, const float* dy, int padded, float* dGate, float* dUp);
  void (*relu2Backward)(const float* gate, const float* up, const float* dy, int padded, float* dGate, float* dUp);
  /** out = x + amount * (int8(x) - x), int8(x) being the activations as a ternary product sees them. */
  void (*blendActivations)(const float* x, float amount, int padded, float* out);
  /** out = w + amount * (ternary(w) - w). */
  void (*blendWeights)(const float* w, float inverse, float scale, float amount, int padded, float* out);

  /** Scores in place: p / sum, then gradient[i] = p * (gradient[i] - sum of p * gradient). */
  void (*softmaxBackward)(float* p, float sum, float* gradient, int padded);
  /** Logits become the gradient of weight * cross-entropy; returns the cross-entropy in nats. Room for a multiple of 16. */
  float (*crossEntropy)(float* logits, int n, int target, float weight);

  // Any length.
  /** Rounds to f16 and back, as the K/V pages do. */
  void (*roundHalf)(const float* x, int n, float* out);
  void (*addTo)(float* x, const float* y, size_t n);
  /** out = x * a + y * b. */
  void (*combine)(const float* x, float a, const float* y, float b, size_t n, float* out);
  /** Sum of squares in double precision, by index mod 16. */
  double (*sumSquares)(const float* x, size_t n);
  void (*adam)(float* w, const float* g, float* m, float* v, size_t n, const AdamStep& step);
};

namespace scalar {
const TrainKernels* trainKernels();
}
#if defined(__x86_64__)
namespace avx2 {
const TrainKernels* trainKernels();
}
namespace avx512 {
const TrainKernels* trainKernels();
}
#endif

}  // namespace unmask
