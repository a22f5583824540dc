// The float kernels, written once over v16.
//
// The includer provides v16 (vector_*.h), so each instruction set compiles these lines for
// itself. Sums over a row use sixteen partial sums and the fixed tree of sumLanes; nothing
// depends on how rows are tiled or shared among threads. No standard library in here.
#pragma once

#include "kernels.h"

namespace {

using unmask::ChunkStats;
using unmask::DenseJob;
using unmask::kDenseBlock;
using unmask::kGroup;
using unmask::QuantisedRows;
using unmask::Tiling;

constexpr float kInfinity = __builtin_inff();
constexpr float kExpLow = -87.33654f;  // below this exp is taken to be 0

/** e^x to about 1 ulp for x <= 88, 0 below kExpLow and for NaN. Cephes' polynomial. */
inline v16 exponential(v16 x) {
  const v16 low = set1(kExpLow);
  const v16 y = min(max(x, low), set1(88.0f));
  const v16 n = nearest(mul(y, set1(1.44269504f)));
  v16 r = fma(n, set1(-0.693359375f), y);
  r = fma(n, set1(2.12194440e-4f), r);
  v16 p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  p = fma(p, mul(r, r), add(r, set1(1.0f)));
  return whereAtLeast(x, low, mul(p, exp2Whole(n)));
}

// --- rows

void norm(const float* x, const float* weight, float eps, int width, int padded, float* out) {
  v16 squares = set1(0.0f);
  for (int i = 0; i < padded; i += 16) {
    const v16 a = load(x + i);
    squares = fma(a, a, squares);
  }
  const v16 factor = set1(1.0f / __builtin_sqrtf(sumLanes(squares) / static_cast<float>(width) + eps));
  for (int i = 0; i < padded; i += 16) store(out + i, mul(mul(load(x + i), factor), load(weight + i)));
}

void addRows(const float* a, const float* b, int padded, float* out) {
  for (int i = 0; i < padded; i += 16) store(out + i, add(load(a + i), load(b + i)));
}

inline v16 siluOf(v16 gate, v16 up) { return mul(div(gate, add(set1(1.0f), exponential(sub(set1(0.0f), gate)))), up); }

inline v16 relu2Of(v16 gate, v16 up) {
  const v16 positive = max(gate, set1(0.0f));
  return mul(mul(positive, positive), up);
}

void silu(const float* gate, const float* up, int padded, float* out) {
  for (int i = 0; i < padded; i += 16) store(out + i, siluOf(load(gate + i), load(up + i)));
}

void relu2(const float* gate, const float* up, int padded, float* out) {
  for (int i = 0; i < padded; i += 16) store(out + i, relu2Of(load(gate + i), load(up + i)));
}

void quantise(const float* x, int padded, const Tiling& tiling, int row, QuantisedRows* out) {
  v16 most[4] = {set1(0.0f), set1(0.0f), set1(0.0f), set1(0.0f)};
  for (int i = 0; i < padded; i += kGroup) {
    for (int part = 0; part < 4; part++) most[part] = max(abs(load(x + i + 16 * part)), most[part]);
  }
  float m = maxLanes(max(max(most[0], most[1]), max(most[2], most[3])));
  if (!(m > 1e-5f)) m = 1e-5f;
  const float s = 127.0f / m;
  const v16 factor = set1(s), low = set1(-128.0f), high = set1(127.0f);

  const int tile = unmask::tileOf(tiling, row), start = unmask::tileStart(tiling, tile);
  const size_t step = static_cast<size_t>(unmask::tileWidth(tiling, tile)) * kGroup;
  int8_t* codes = out->codes + static_cast<size_t>(start) * padded + static_cast<size_t>(row - start) * kGroup;
  const int groups = padded / kGroup;
  int32_t* groupSum = out->groupSum == nullptr ? nullptr : out->groupSum + static_cast<size_t>(row) * groups;
  v16 total = set1(0.0f);  // of whole numbers that stay below 2^24: exact
  for (int g = 0; g < groups; g++, x += kGroup, codes += step) {
    v16 sum = set1(0.0f);
    for (int i = 0; i < kGroup; i += 16) {
      // Bounds are whole numbers, so clamping may come before rounding.
      const v16 code = nearest(min(max(mul(load(x + i), factor), low), high));
      storeI8(codes + i, code);
      sum = add(sum, code);
    }
    total = add(total, sum);
    if (groupSum != nullptr) groupSum[g] = static_cast<int32_t>(sumLanes(sum));
  }
  out->facts[row] = {s, static_cast<int32_t>(sumLanes(total))};
}

/** (a, b) turned by the angle of (cos, sin). */
inline void turn(float* a, float* b, float cos, float sin) {
  const float turned = *a * cos - *b * sin;
  *b = *b * cos + *a * sin;
  *a = turned;
}

void rope(float* x, int heads, int headDim, int dim, bool adjacent, const float* cos, const float* sin) {
  const int half = dim / 2;
  for (int h = 0; h < heads; h++, x += headDim) {
    int i = 0;
    for (; !adjacent && i + 16 <= half; i += 16) {
      const v16 a = load(x + i), b = load(x + half + i), c = load(cos + i), s = load(sin + i);
      store(x + i, sub(mul(a, c), mul(b, s)));
      store(x + half + i, add(mul(b, c), mul(a, s)));
    }
    for (; !adjacent && i < half; i++) turn(x + i, x + half + i, cos[i], sin[i]);
    for (; i < half; i++) turn(x + 2 * i, x + 2 * i + 1, cos[i], sin[i]);
  }
}

// --- attention

void widen(const uint16_t* f16, int n, float* out) {
  int i = 0;
  for (; i + 16 <= n; i += 16) store(out + i, loadF16(f16 + i));
  for (; i < n; i++) out[i] = unmask::widenF16(f16[i]);
}

void narrow(const float* x, int n, uint16_t* f16) {
  int i = 0;
  for (; i + 16 <= n; i += 16) storeF16(f16 + i, load(x + i));
  for (; i < n; i++) f16[i] = unmask::narrowF16(x[i]);
}

template <int V>
void outerTile(int depth, const float* a, size_t aStride, const float* b, size_t bStride, float* c, size_t cStride,
               bool accumulate) {
  v16 acc[V][2];
  UNMASK_UNROLL
  for (int v = 0; v < V; v++) {
    acc[v][0] = accumulate ? load(c + v * cStride) : set1(0.0f);
    acc[v][1] = accumulate ? load(c + v * cStride + 16) : set1(0.0f);
  }
  for (int k = 0; k < depth; k++, b += bStride) {
    const v16 b0 = load(b), b1 = load(b + 16);
    UNMASK_UNROLL
    for (int v = 0; v < V; v++) {
      const v16 x = set1(a[v * aStride + static_cast<size_t>(k)]);
      acc[v][0] = fma(x, b0, acc[v][0]);
      acc[v][1] = fma(x, b1, acc[v][1]);
    }
  }
  UNMASK_UNROLL
  for (int v = 0; v < V; v++) {
    store(c + v * cStride, acc[v][0]);
    store(c + v * cStride + 16, acc[v][1]);
  }
}

void outer(int vectors, int depth, const float* a, size_t aStride, const float* b, size_t bStride, float* c,
           size_t cStride, bool accumulate) {
  int v = 0;
  for (; v + kOuterVectors <= vectors; v += kOuterVectors, a += kOuterVectors * aStride, c += kOuterVectors * cStride)
    outerTile<kOuterVectors>(depth, a, aStride, b, bStride, c, cStride, accumulate);
  if (kOuterVectors > 4 && v + 4 <= vectors) {
    outerTile<4>(depth, a, aStride, b, bStride, c, cStride, accumulate);
    v += 4, a += 4 * aStride, c += 4 * cStride;
  }
  for (; v < vectors; v++, a += aStride, c += cStride)
    outerTile<1>(depth, a, aStride, b, bStride, c, cStride, accumulate);
}

float softmax(float* scores, int visible, int padded) {
  const int end = unmask::roundUp(visible, 16);
  for (int i = visible; i < end; i++) scores[i] = -kInfinity;
  v16 most = set1(-kInfinity);
  for (int i = 0; i < end; i += 16) most = max(load(scores + i), most);
  const v16 largest = set1(maxLanes(most));
  v16 sum = set1(0.0f);  // by key index mod 16
  for (int i = 0; i < end; i += 16) {
    const v16 p = exponential(sub(load(scores + i), largest));
    store(scores + i, p);
    sum = add(sum, p);
  }
  for (int i = end; i < padded; i += 16) store(scores + i, set1(0.0f));
  return sumLanes(sum);
}

void scale(float* x, int n, float factor) {
  for (int i = 0; i < n; i++) x[i] *= factor;
}

void divide(const float* x, int n, float divisor, float* out) {
  for (int i = 0; i < n; i++) out[i] = x[i] / divisor;
}

// --- head

void chunkStats(float* logits, int n, float temperature, ChunkStats* out) {
  const int end = unmask::roundUp(n, 16);
  for (int i = n; i < end; i++) logits[i] = -kInfinity;
  v16 most = set1(-kInfinity);
  for (int i = 0; i < end; i += 16) most = max(load(logits + i), most);
  const float largest = maxLanes(most);
  const v16 m = set1(largest), low = set1(kExpLow);
  out->token = 0;
  for (int i = 0; i < end; i += 16) {
    const unsigned equal = equalLanes(load(logits + i), m);
    if (equal != 0) {
      out->token = i + __builtin_ctz(equal);
      break;
    }
  }
  v16 sum = set1(0.0f), weighted = sum, tempered = sum;
  for (int i = 0; i < end; i += 16) {
    const v16 d = sub(load(logits + i), m);
    const v16 e = exponential(d);
    sum = add(sum, e);
    weighted = add(weighted, whereAtLeast(d, low, mul(e, d)));
  }
  if (temperature > 0.0f) {
    const v16 t = set1(temperature);
    for (int i = 0; i < end; i += 16) tempered = add(tempered, exponential(div(sub(load(logits + i), m), t)));
  }
  out->max = largest;
  out->sum = sumLanes(sum);
  out->weighted = sumLanes(weighted);
  out->tempered = sumLanes(tempered);
}

void chunkWeights(float* logits, int n, float max, float temperature, float* out) {
  const int end = unmask::roundUp(n, 16);
  for (int i = n; i < end; i++) logits[i] = -kInfinity;
  const v16 m = set1(max), t = set1(temperature);
  for (int i = 0; i < end; i += 16) store(out + i, exponential(div(sub(load(logits + i), m), t)));
}

double floatProducts(int steps, float* out) {
  constexpr int chains = kDenseRows * kDenseTokens;
  v16 acc[chains];
  UNMASK_UNROLL
  for (int i = 0; i < chains; i++) acc[i] = set1(static_cast<float>(i));
  const v16 a = set1(0.5f), b = set1(0.25f);
  for (int step = 0; step < steps; step++) {
    UNMASK_UNROLL
    for (int i = 0; i < chains; i++) acc[i] = fma(a, acc[i], b);
  }
  for (int i = 1; i < chains; i++) acc[0] = add(acc[0], acc[i]);
  store(out, acc[0]);
  return 16.0 * chains * steps;
}

}  // namespace
