// The trainer's kernels, written once over v16; see train_kernels.h.
//
// The includer provides v16 and the shape of the register tile, kTileRows by kTileVectors.
#pragma once

#include "../float_kernels.h"
#include "../transcendental.h"
#include "pair_kernels.h"
#include "train_kernels.h"

namespace {

using unmask::AdamStep;
using unmask::kDepthStride;

// --- matrix products

template <int rowStride, int depthStride>
void tile(int depth, const float* a, const float* b, float* c, size_t cStride, bool accumulate, const float*,
          const float* nextA, const float* nextB, const float* nextC) {
  v16 acc[kTileRows][kTileVectors];
  UNMASK_UNROLL
  for (int i = 0; i < kTileRows * kTileVectors; i++) {
    const int row = i / kTileVectors, vector = i % kTileVectors;
    acc[row][vector] = accumulate ? load(c + static_cast<size_t>(row) * cStride + 16 * vector) : set1(0.0f);
  }
  for (int i = 0; i < kTileRows * kTileVectors; i++)
    prefetch(nextC + static_cast<size_t>(i / kTileVectors) * cStride + 16 * (i % kTileVectors));
  for (int k = 0; k < depth; k++, a += depthStride, b += 16 * kTileVectors, nextA += 16, nextB += 16) {
    prefetch(nextA);
    prefetch(nextB);
    v16 w[kTileVectors];
    UNMASK_UNROLL
    for (int v = 0; v < kTileVectors; v++) w[v] = load(b + 16 * v);
    UNMASK_UNROLL
    for (int i = 0; i < kTileRows; i++) {
      const v16 x = set1(a[i * rowStride]);
      UNMASK_UNROLL
      for (int v = 0; v < kTileVectors; v++) acc[i][v] = fma(x, w[v], acc[i][v]);
    }
  }
  UNMASK_UNROLL
  for (int i = 0; i < kTileRows * kTileVectors; i++) {
    const int row = i / kTileVectors, vector = i % kTileVectors;
    store(c + static_cast<size_t>(row) * cStride + 16 * vector, acc[row][vector]);
  }
}


// --- rows

void normBackward(const float* x, const float* weight, const float* dy, float eps, int width, int padded,
                  const float* before, float* dx, float* weightGradient) {
  v16 squares = set1(0.0f), products = squares;
  for (int i = 0; i < padded; i += 16) {
    const v16 a = load(x + i);
    squares = fma(a, a, squares);
    products = fma(a, mul(load(weight + i), load(dy + i)), products);
  }
  const float n = static_cast<float>(width);
  const float inverse = 1.0f / __builtin_sqrtf(sumLanes(squares) / n + eps);
  const v16 factor = set1(inverse), pull = set1(-(sumLanes(products) / n * inverse * inverse * inverse));
  for (int i = 0; i < padded; i += 16) {
    const v16 a = load(x + i), d = load(dy + i);
    v16 g = fma(a, pull, mul(mul(load(weight + i), d), factor));
    if (before != nullptr) g = add(load(before + i), g);
    store(dx + i, g);
    store(weightGradient + i, fma(mul(a, factor), d, load(weightGradient + i)));
  }
}

void siluBackward(const float* gate, const float* up, const float* dy, int padded, float* dGate, float* dUp) {
  const v16 one = set1(1.0f), zero = set1(0.0f);
  for (int i = 0; i < padded; i += 16) {
    const v16 g = load(gate + i), u = load(up + i), d = load(dy + i);
    const v16 sigmoid = div(one, add(one, exponential(sub(zero, g))));
    store(dUp + i, mul(d, mul(g, sigmoid)));
    store(dGate + i, mul(mul(d, u), mul(sigmoid, fma(g, sub(one, sigmoid), one))));
  }
}

void relu2Backward(const float* gate, const float* up, const float* dy, int padded, float* dGate, float* dUp) {
  const v16 zero = set1(0.0f), two = set1(2.0f);
  for (int i = 0; i < padded; i += 16) {
    const v16 g = max(load(gate + i), zero), u = load(up + i), d = load(dy + i);
    store(dUp + i, mul(d, mul(g, g)));
    store(dGate + i, mul(mul(d, u), mul(two, g)));
  }
}

void blendActivations(const float* x, float amount, int padded, float* out) {
  v16 most = set1(0.0f);
  for (int i = 0; i < padded; i += 16) most = max(abs(load(x + i)), most);
  float m = maxLanes(most);
  if (!(m > 1e-5f)) m = 1e-5f;
  const float s = 127.0f / m;
  const v16 factor = set1(s), low = set1(-128.0f), high = set1(127.0f), share = set1(amount);
  for (int i = 0; i < padded; i += 16) {
    const v16 a = load(x + i);
    const v16 q = div(nearest(min(max(mul(a, factor), low), high)), factor);
    store(out + i, fma(share, sub(q, a), a));
  }
}

void blendWeights(const float* w, float inverse, float scale, float amount, int padded, float* out) {
  const v16 factor = set1(inverse), low = set1(-1.0f), high = set1(1.0f), unit = set1(scale), share = set1(amount);
  for (int i = 0; i < padded; i += 16) {
    const v16 a = load(w + i);
    const v16 t = mul(nearest(min(max(mul(a, factor), low), high)), unit);
    store(out + i, fma(share, sub(t, a), a));
  }
}

void softmaxBackward(float* p, float sum, float* gradient, int padded) {
  const v16 divisor = set1(sum);
  v16 products = set1(0.0f);
  for (int i = 0; i < padded; i += 16) {
    const v16 a = div(load(p + i), divisor);
    store(p + i, a);
    products = fma(a, load(gradient + i), products);
  }
  const v16 mean = set1(sumLanes(products));
  for (int i = 0; i < padded; i += 16) store(gradient + i, mul(load(p + i), sub(load(gradient + i), mean)));
}

float crossEntropy(float* logits, int n, int target, float weight) {
  const int end = unmask::roundUp(n, 16);
  for (int i = n; i < end; i++) logits[i] = -kInfinity;
  v16 most = set1(-kInfinity);
  for (int i = 0; i < end; i += 16) most = max(load(logits + i), most);
  const float largest = maxLanes(most), wanted = logits[target];
  const v16 m = set1(largest);
  v16 sum = set1(0.0f);
  bool finite = true;
  for (int i = 0; i < end; i += 16) {
    const v16 d = sub(load(logits + i), m);
    finite = finite && equalLanes(d, d) == 0xffff;
    const v16 e = exponential(d);
    store(logits + i, e);
    sum = add(sum, e);
  }
  const float total = sumLanes(sum);
  const v16 factor = set1(weight), divisor = set1(total);
  for (int i = 0; i < end; i += 16) store(logits + i, mul(div(load(logits + i), divisor), factor));
  logits[target] -= weight;
  if (!finite) {
    // exponential() swallows NaN; a loss must not.
    for (int i = 0; i < end; i += 16) store(logits + i, set1(__builtin_nanf("")));
    return __builtin_nanf("");
  }
  return static_cast<float>(unmask::logarithmOf(static_cast<double>(total)) +
                            (static_cast<double>(largest) - static_cast<double>(wanted)));
}

// --- any length

void roundHalf(const float* x, int n, float* out) {
  uint16_t half[16];
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    storeF16(half, load(x + i));
    store(out + i, loadF16(half));
  }
  if (i == n) return;
  float rest[16] = {};
  memcpy(rest, x + i, static_cast<size_t>(n - i) * sizeof(float));
  storeF16(half, load(rest));
  store(rest, loadF16(half));
  memcpy(out + i, rest, static_cast<size_t>(n - i) * sizeof(float));
}

void addTo(float* x, const float* y, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) store(x + i, add(load(x + i), load(y + i)));
  for (; i < n; i++) x[i] += y[i];
}

void combine(const float* x, float a, const float* y, float b, size_t n, float* out) {
  const v16 factorX = set1(a), factorY = set1(b);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) store(out + i, fma(load(x + i), factorX, mul(load(y + i), factorY)));
  for (; i < n; i++) out[i] = __builtin_fmaf(x[i], a, y[i] * b);
}

double sumSquares(const float* x, size_t n) {
  double lanes[16] = {};
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (size_t lane = 0; lane < 16; lane++) {
      const double a = static_cast<double>(x[i + lane]);
      lanes[lane] += a * a;
    }
  for (; i < n; i++) lanes[i % 16] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

inline float squareRoot(float x) { return __builtin_sqrtf(x); }

void adam(float* w, const float* g, float* m, float* v, size_t n, const AdamStep& s) {
  const float rest1 = 1.0f - s.beta1, rest2 = 1.0f - s.beta2;
  // Plain lanes: the compiler makes vectors of them, and every operation is exactly rounded.
  for (size_t i = 0; i < n; i++) {
    const float gradient = g[i] * s.gradientScale;
    m[i] = s.beta1 * m[i] + rest1 * gradient;
    v[i] = s.beta2 * v[i] + rest2 * (gradient * gradient);
    w[i] = w[i] * s.keep - s.rate * m[i] / (squareRoot(v[i]) * s.secondScale + s.epsilon);
  }
}

}  // namespace

#define UNMASK_TRAIN_KERNELS                                                                               \
  {kTileRows, 16 * kTileVectors, tile<kDepthStride, 1>, tile<1, kTileRows>, pairTile<kDepthStride, 1>,     \
   pairTile<1, kTileRows>, largest, words, pairs, normBackward, siluBackward,                              \
   relu2Backward, blendActivations, blendWeights, softmaxBackward, crossEntropy, roundHalf, addTo, combine, \
   sumSquares, adam}
