// Float kernels of every instruction set: near plain double-precision loops, and equal to the bit
// to the scalar ones.
#include "check.h"
#include "memory.h"
#include "tensor.h"

using namespace unmask;

namespace {

std::vector<float> paddedRow(Random& random, int width, int padded) {
  std::vector<float> row = random.reals(static_cast<size_t>(padded));
  std::fill(row.begin() + width, row.end(), 0.0f);
  return row;
}

/** Runs `make` with every instruction set; all must give the last one's (scalar) bits, near `expected`. */
template <class Make>
void same(const Make& make, const std::vector<double>& expected, double tolerance) {
  const std::vector<const Kernels*> all = allKernels();
  const std::vector<float> definition = make(*all.back());
  CHECK(definition.size() == expected.size());
  for (size_t i = 0; i < expected.size(); i++) CHECK(close(definition[i], expected[i], tolerance));
  for (const Kernels* k : all) {
    const std::vector<float> found = make(*k);
    if (!sameBits(found, definition)) printf("%s differs from scalar\n", k->isa);
    CHECK(sameBits(found, definition));
  }
}

void rows() {
  Random random(10);
  for (int i = 0; i < 40; i++) {
    const int width = random.integer(1, 300), padded = roundUp(width, kPadding);
    const size_t n = static_cast<size_t>(padded);
    const std::vector<float> a = paddedRow(random, width, padded), b = paddedRow(random, width, padded);
    double squares = 0;
    for (const float value : a) squares += static_cast<double>(value) * value;
    std::vector<double> normed, added, swish, relu;
    for (size_t j = 0; j < n; j++) {
      const double x = a[j], y = b[j];
      normed.push_back(x / std::sqrt(squares / width + 1e-5) * y);
      added.push_back(x + y);
      swish.push_back(20 * x / (1 + std::exp(-20 * x)) * y);
      relu.push_back(x > 0 ? x * x * y : 0);
    }
    std::vector<float> wide = a;
    for (float& value : wide) value *= 20;
    same(
        [&](const Kernels& k) {
          std::vector<float> out(n);
          k.norm(a.data(), b.data(), 1e-5f, width, padded, out.data());
          return out;
        },
        normed, 1e-5);
    same(
        [&](const Kernels& k) {
          std::vector<float> out(n);
          k.add(a.data(), b.data(), padded, out.data());
          return out;
        },
        added, 1e-6);
    same(
        [&](const Kernels& k) {
          std::vector<float> out(n);
          k.silu(wide.data(), b.data(), padded, out.data());
          return out;
        },
        swish, 1e-5);
    same(
        [&](const Kernels& k) {
          std::vector<float> out(n);
          k.relu2(a.data(), b.data(), padded, out.data());
          return out;
        },
        relu, 1e-6);
  }
}

void turns() {
  Random random(11);
  for (int i = 0; i < 40; i++) {
    const int heads = random.integer(1, 4), headDim = 2 * random.integer(1, 40),
              dim = 2 * random.integer(1, headDim / 2);
    const bool adjacent = random.integer(0, 1) == 1;
    const std::vector<float> x = random.reals(static_cast<size_t>(heads * headDim));
    const std::vector<float> cos = random.reals(static_cast<size_t>(dim / 2)),
                             sin = random.reals(static_cast<size_t>(dim / 2));
    std::vector<double> expected(x.begin(), x.end());
    for (int h = 0; h < heads; h++)
      for (int p = 0; p < dim / 2; p++) {
        const size_t first = static_cast<size_t>(h * headDim + (adjacent ? 2 * p : p)),
                     second = first + static_cast<size_t>(adjacent ? 1 : dim / 2);
        const double c = cos[p], s = sin[p];
        expected[first] = x[first] * c - x[second] * s;
        expected[second] = x[second] * c + x[first] * s;
      }
    same(
        [&](const Kernels& k) {
          std::vector<float> out = x;
          k.rope(out.data(), heads, headDim, dim, adjacent, cos.data(), sin.data());
          return out;
        },
        expected, 1e-5);
  }
}

void dense() {
  Random random(12);
  for (int i = 0; i < 120; i++) {
    const TensorType type = static_cast<TensorType>(i % kDenseTypes);
    const int rows = random.integer(1, 40), tokens = i % 4 == 0 ? random.integer(1, 3) : random.integer(1, 60);
    const int block = blockColumns(type);  // rows of blocks also longer than what is opened at once
    const int columns = block == 0 ? random.integer(1, 200) : block * random.integer(1, block == 256 ? 3 : 40);
    const int padded = roundUp(columns, kPadding);
    const size_t bytes = rowBytes(type, columns);
    // Exactly as long as it is, and off any alignment: reading past the end is the sanitizer's to find.
    std::vector<uint8_t> weight(1 + bytes * static_cast<size_t>(rows));
    for (size_t b = 1; b < weight.size(); b++) weight[b] = static_cast<uint8_t>(random.bits());
    for (int r = 0; r < rows; r++) {
      uint8_t* row = &weight[1 + static_cast<size_t>(r) * bytes];
      for (int c = 0; c < columns; c++) {
        const float w = random.real();
        const uint16_t f16 = narrowF16(w), bf16 = static_cast<uint16_t>(floatBits(w) >> 16), d = narrowF16(0.01f);
        if (type == TensorType::F32) memcpy(row + 4 * c, &w, 4);
        if (type == TensorType::F16) memcpy(row + 2 * c, &f16, 2);
        if (type == TensorType::BF16) memcpy(row + 2 * c, &bf16, 2);
        if (type == TensorType::Q8_0 && c % 32 == 0) memcpy(row + c / 32 * 34, &d, 2);
        if (type == TensorType::Q6_K && c % 256 == 0) memcpy(row + c / 256 * 210 + 208, &d, 2);
        if (type == TensorType::Q4_0 && c % 32 == 0) memcpy(row + c / 32 * 18, &d, 2);
      }
    }
    const Tensor tensor = {&weight[1], type, columns, rows};
    std::vector<float> x(static_cast<size_t>(tokens * padded), 0.0f);
    for (int t = 0; t < tokens; t++)
      for (int c = 0; c < columns; c++) x[t * padded + c] = random.real();
    std::vector<double> expected;
    std::vector<float> w(static_cast<size_t>(columns));
    for (int t = 0; t < tokens; t++)
      for (int r = 0; r < rows; r++) {
        decodeRow(tensor, r, w.data());
        double sum = 0;
        for (int c = 0; c < columns; c++) sum += static_cast<double>(w[c]) * x[t * padded + c];
        expected.push_back(sum);
      }
    same(
        [&](const Kernels& k) {
          std::vector<float> out(static_cast<size_t>(tokens * rows));
          std::vector<float> unpacked(static_cast<size_t>(kDenseBlock * columns));
          DenseJob job = {&weight[1],     bytes,      rows,
                          columns,        x.data(),   static_cast<size_t>(padded),
                          tokens,         out.data(), static_cast<size_t>(rows),
                          unpacked.data()};
          k.dense[static_cast<int>(type)](job);
          return out;
        },
        expected, 1e-4);
  }
}

void halves() {
  for (const Kernels* k : allKernels()) {
    std::vector<uint16_t> all(65536);
    for (size_t i = 0; i < all.size(); i++) all[i] = static_cast<uint16_t>(i);
    std::vector<float> wide(all.size());
    k->widen(all.data(), 65536, wide.data());
    for (size_t i = 0; i < all.size(); i++) {
      const float expected = widenF16(all[i]);
      CHECK(memcmp(&wide[i], &expected, 4) == 0);
    }
    Random random(13);
    std::vector<float> x(4099);
    for (float& value : x) value = bitsFloat(random.bits());
    for (int i = 0; i < 2000; i++) x[i] = random.real() * 1e-6f;            // subnormals
    for (int i = 2000; i < 3000; i++) x[i] = 60000 + 6000 * random.real();  // around the largest
    std::vector<uint16_t> narrowed(x.size());
    k->narrow(x.data(), static_cast<int>(x.size()), narrowed.data());
    for (size_t i = 0; i < x.size(); i++) CHECK(narrowed[i] == narrowF16(x[i]));
  }
}

void attention() {
  Random random(14);
  for (int i = 0; i < 40; i++) {
    const int vectors = random.integer(1, 21), depth = random.integer(1, 40);
    const std::vector<float> a = random.reals(static_cast<size_t>(vectors * depth)),
                             b = random.reals(static_cast<size_t>(depth * 32));
    const std::vector<float> start = random.reals(static_cast<size_t>(vectors * 32));
    for (const bool accumulate : {false, true}) {
      std::vector<double> expected;
      for (int v = 0; v < vectors; v++)
        for (int lane = 0; lane < 32; lane++) {
          double sum = accumulate ? start[v * 32 + lane] : 0;
          for (int d = 0; d < depth; d++) sum += static_cast<double>(a[v * depth + d]) * b[d * 32 + lane];
          expected.push_back(sum);
        }
      same(
          [&](const Kernels& k) {
            std::vector<float> c = start;
            k.outer(vectors, depth, a.data(), static_cast<size_t>(depth), b.data(), 32, c.data(), 32, accumulate);
            return c;
          },
          expected, 1e-4);
    }
    const int visible = random.integer(1, 90), padded = roundUp(visible, 32);
    std::vector<float> scores = random.reals(static_cast<size_t>(padded));
    for (int j = 0; j < visible; j++) scores[j] *= 30;
    for (int j = visible; j < padded; j++) scores[j] = NAN;
    double most = -INFINITY, sum = 0;
    for (int j = 0; j < visible; j++) most = std::max(most, static_cast<double>(scores[j]));
    std::vector<double> expected;
    for (int j = 0; j < padded; j++) expected.push_back(j < visible ? std::exp(scores[j] - most) : 0);
    for (const double p : expected) sum += p;
    expected.push_back(sum);
    same(
        [&](const Kernels& k) {
          std::vector<float> out = scores;
          const float total = k.softmax(out.data(), visible, padded);
          out.push_back(total);
          return out;
        },
        expected, 1e-5);
  }
}

void head() {
  Random random(15);
  for (int i = 0; i < 60; i++) {
    const int n = random.integer(1, kChunk);
    const size_t room = static_cast<size_t>(roundUp(n, 16));
    std::vector<float> logits = random.reals(room);
    for (float& l : logits) l = std::floor(l * 4) * (i % 3 == 0 ? 1.0f : 9.0f);  // ties, and some far below the largest
    if (i % 4 == 0) logits[random.integer(0, n - 1)] = -INFINITY;
    const float temperature = i % 2 == 0 ? 0.7f : 0.0f;
    double most = -INFINITY, sum = 0, weighted = 0, tempered = 0;
    int token = 0;
    for (int j = 0; j < n; j++)
      if (logits[j] > most) most = logits[j], token = j;
    for (int j = 0; j < n; j++) {
      const double d = logits[j] - most;
      sum += std::exp(d);
      if (std::exp(d) > 0) weighted += std::exp(d) * d;
      tempered += std::exp(d / 0.7);
    }
    std::vector<double> expected;
    if (most > -INFINITY) expected = {most, static_cast<double>(token), sum, weighted, temperature > 0 ? tempered : 0};
    else expected = {};
    if (expected.empty()) continue;
    same(
        [&](const Kernels& k) {
          std::vector<float> copy = logits;
          ChunkStats s;
          k.chunkStats(copy.data(), n, temperature, &s);
          return std::vector<float>{s.max, static_cast<float>(s.token), s.sum, s.weighted, s.tempered};
        },
        expected, 1e-4);
  }
  for (const Kernels* k : allKernels()) {  // nothing can be chosen
    std::vector<float> none(16, -INFINITY);
    ChunkStats s;
    k->chunkStats(none.data(), 3, 1.0f, &s);
    CHECK(s.max == -INFINITY && s.token == 0 && s.sum == 0 && s.weighted == 0 && s.tempered == 0);
  }
}

}  // namespace

int main() {
  test("16-bit floats: every value widened, many narrowed", halves);
  test("norm, add, silu, relu2", rows);
  test("rope", turns);
  test("dense products of f32, f16, bf16, q8_0, q6_k and q4_0 rows at any address", dense);
  test("outer product and softmax", attention);
  test("statistics of a chunk of logits", head);
  return finish();
}
