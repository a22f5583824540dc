// Ternary products of every instruction set against plain integer loops, and against each other.
#include "check.h"
#include "memory.h"
#include "panels.h"

using namespace unmask;

namespace {

/** A random Q2_0-like matrix: the layout that needs least ceremony. Codes may be 3. */
struct Matrix {
  int rows, columns, block;  // block 0: one scale
  std::vector<uint8_t> codes;
  std::vector<float> scales;  // one, or [rows][columns / block]

  Matrix(Random& random, int rows, int columns, int block, int largest) : rows(rows), columns(columns), block(block) {
    codes.resize(static_cast<size_t>(rows * columns));
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random.integer(0, largest));
    scales.resize(block == 0 ? 1 : static_cast<size_t>(rows * (columns / block)));
    for (float& scale : scales) scale = widenF16(narrowF16(0.25f + 0.01f * static_cast<float>(random.integer(0, 50))));
  }
  int weight(int row, int column) const { return codes[row * columns + column] - 1; }
};

/** Panels as packPanel makes them, with rows and columns added by hand. */
struct Packed {
  Region codes;
  std::vector<float> blockScale;
  TernaryWeight weight{};

  explicit Packed(const Matrix& m) {
    const int columns = panelColumns(m.columns), panels = panelCount(m.rows);
    codes = Region(panelBytes(m.columns) * static_cast<size_t>(panels) + 8192);
    uint8_t* out = codes.as<uint8_t>();
    for (int panel = 0; panel < panels; panel++)
      for (int step = 0; step < columns / 16; step++)
        for (int r = 0; r < kPanelRows; r++)
          for (int j = 0; j < 4; j++, out++)
            for (int i = 0; i < 4; i++) {
              const int row = panel * kPanelRows + r, column = 16 * step + 4 * i + j;
              const int code = row < m.rows && column < m.columns ? m.weight(row, column) + 1 : 1;
              *out = static_cast<uint8_t>(*out | code << (2 * i));
            }
    weight = {codes.as<uint8_t>(), nullptr, m.scales[0], panels, columns, 0};
    if (m.block == 0) return;
    const int blocks = m.columns / m.block;
    blockScale.assign(static_cast<size_t>(panels * blocks * kPanelRows), 0.0f);
    for (int row = 0; row < m.rows; row++)
      for (int b = 0; b < blocks; b++)
        blockScale[(row / kPanelRows * blocks + b) * kPanelRows + row % kPanelRows] = m.scales[row * blocks + b];
    weight.blockScale = blockScale.data();
    weight.blockColumns = m.block;
  }
};

int roundHalfEven(float x) { return static_cast<int>(std::nearbyint(x)); }

/** [tokens][roundUp(rows, 32)] from the definition in src/backend/program.ts. */
std::vector<float> define(const Matrix& m, const std::vector<float>& x, int tokens, const std::vector<float>& bias) {
  const int stride = roundUp(m.rows, kPanelRows);
  std::vector<float> out(static_cast<size_t>(tokens * stride), 0.0f);
  for (int t = 0; t < tokens; t++) {
    const float* row = &x[t * m.columns];
    float most = 1e-5f;
    for (int k = 0; k < m.columns; k++) most = std::max(most, std::abs(row[k]));
    const float s = 127.0f / most;
    std::vector<int> q(static_cast<size_t>(m.columns));
    for (int k = 0; k < m.columns; k++) q[k] = std::min(127, std::max(-128, roundHalfEven(row[k] * s)));
    for (int r = 0; r < m.rows; r++) {
      const int width = m.block == 0 ? m.columns : m.block;
      float total = 0;
      for (int b = 0; b < m.columns / width; b++) {
        int sum = 0;
        for (int k = b * width; k < (b + 1) * width; k++) sum += m.weight(r, k) * q[k];
        if (m.block == 0) total = static_cast<float>(sum) * (m.scales[0] / s);
        else total = std::fma(m.scales[r * (m.columns / width) + b], static_cast<float>(sum), total);
      }
      if (m.block != 0) total *= 1.0f / s;
      if (!bias.empty()) total += bias[r];
      out[t * stride + r] = total;
    }
  }
  return out;
}

std::vector<float> run(const Kernels& k, const Packed& packed, const Matrix& m, const std::vector<float>& x, int tokens,
                       const std::vector<float>& bias, int chunk) {
  const int columns = packed.weight.columns, stride = packed.weight.panels * kPanelRows;
  const Tiling tiling = makeTiling(tokens, k.tokenTile);
  std::vector<int8_t> codes(static_cast<size_t>(tokens * columns));
  std::vector<RowFacts> facts(static_cast<size_t>(tokens));
  std::vector<int32_t> groupSum(static_cast<size_t>(tokens * columns / kGroup));
  QuantisedRows rows = {codes.data(), facts.data(), groupSum.data()};
  std::vector<float> padded(static_cast<size_t>(columns));
  for (int t = 0; t < tokens; t++) {
    std::copy(&x[t * m.columns], &x[t * m.columns] + m.columns, padded.begin());
    k.quantise(padded.data(), columns, tiling, t, &rows);
  }
  std::vector<float> out(static_cast<size_t>(tokens * stride), -1.0f);
  const Region scratch(k.ternaryScratch(tokens));
  const TernaryJob job = {
      &packed.weight, &rows, tiling, bias.empty() ? nullptr : bias.data(), out.data(), static_cast<size_t>(stride)};
  for (int panel = 0; panel < packed.weight.panels; panel += chunk)
    k.ternary(job, panel, std::min(panel + chunk, packed.weight.panels), scratch.as<void>());
  return out;
}

void compare(Random& random, int rows, int columns, int tokens, int block, int largest) {
  const Matrix m(random, rows, columns, block, largest);
  const Packed packed(m);
  std::vector<float> x = random.reals(static_cast<size_t>(tokens * columns));
  for (float& value : x)
    if (random.integer(0, 9) == 0) value = 0;
  std::vector<float> bias;
  if (random.integer(0, 1) == 1) {
    bias = random.reals(static_cast<size_t>(roundUp(rows, kPanelRows)));
    std::fill(bias.begin() + rows, bias.end(), 0.0f);
  }
  const std::vector<float> expected = define(m, x, tokens, bias);
  for (const Kernels* k : allKernels()) {
    const std::vector<float> found = run(*k, packed, m, x, tokens, bias, random.integer(1, 3));
    if (!sameBits(found, expected))
      printf("%s: %d rows, %d columns, %d tokens, block %d\n", k->isa, rows, columns, tokens, block);
    CHECK(sameBits(found, expected));
  }
}

}  // namespace

int main() {
  test("ternary product: every number of rows up to three tiles", [] {
    Random random(1);
    for (int tokens = 1; tokens <= 38; tokens++) compare(random, 40, 192, tokens, 0, 2);
  });
  test("ternary product: random shapes", [] {
    Random random(2);
    for (int i = 0; i < 60; i++)
      compare(random, random.integer(1, 150), random.integer(1, 900), random.integer(1, 40), 0, random.integer(2, 3));
  });
  test("ternary product: one scale per block of 64 or 256", [] {
    Random random(3);
    for (int i = 0; i < 30; i++) {
      const int block = random.integer(0, 1) == 0 ? 64 : 256;
      compare(random, random.integer(1, 90), block * random.integer(1, 4), random.integer(1, 30), block, 3);
    }
  });
  test("ternary product: the largest sums do not overflow", [] {
    for (const int code : {0, 2, 3}) {
      Random random(4);
      Matrix m(random, 33, 7040, 0, 2);
      std::fill(m.codes.begin(), m.codes.end(), static_cast<uint8_t>(code));
      const Packed packed(m);
      for (const int tokens : {1, 5, 26}) {
        for (const float sign : {1.0f, -1.0f}) {
          const std::vector<float> x(static_cast<size_t>(tokens * 7040), sign);
          const std::vector<float> expected = define(m, x, tokens, {});
          for (const Kernels* k : allKernels()) CHECK(sameBits(run(*k, packed, m, x, tokens, {}, 1), expected));
        }
      }
    }
  });
  test("quantising: ties to even, tiny rows, rows of zeros, not-a-number", [] {
    Random random(5);
    Matrix m(random, 32, 64, 0, 2);
    const Packed packed(m);
    std::vector<float> x(4 * 64, 0.0f);
    for (int i = 0; i < 64; i++) {
      x[i] = static_cast<float>(i - 32) + 0.5f;  // times 1: all ties
      x[64 + i] = 1e-7f * static_cast<float>(i);
    }
    x[0] = 127.0f;
    const std::vector<float> expected = define(m, x, 4, {});
    for (const Kernels* k : allKernels()) CHECK(sameBits(run(*k, packed, m, x, 4, {}, 1), expected));
    x[3 * 64 + 7] = NAN;
    const std::vector<float> scalarOut = run(*allKernels().back(), packed, m, x, 4, {}, 1);
    for (const Kernels* k : allKernels()) CHECK(sameBits(run(*k, packed, m, x, 4, {}, 1), scalarOut));
  });
  return finish();
}
