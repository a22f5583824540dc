// How long one thread takes for a ternary product, by instruction set and number of rows, in turns, medians.
//
// Microseconds of one call, of weights that are in its cache: a thread's half of the default model's gate, and a part
// of a larger model's product. Instruction sets are shown as they are used: AMX leaves few rows to AVX-512 VNNI.
//
//   npm run bench:ternary

#include <algorithm>
#include <chrono>

#include "../test/check.h"
#include "memory.h"

namespace {

using namespace unmask;

struct Shape {
  const char* name;
  int panels, columns;
};

double microsecondsOf(const Kernels& k, const TernaryJob& job, int panels, void* scratch) {
  const auto begin = std::chrono::steady_clock::now();
  int calls = 0;
  std::chrono::duration<double, std::micro> time{};
  do {
    for (int i = 0; i < 20; i++) k.ternary(job, 0, panels, scratch);
    calls += 20;
    time = std::chrono::steady_clock::now() - begin;
  } while (time.count() < 300);
  return time.count() / calls;
}

constexpr int kRounds = 9;

void measure(const Shape& shape) {
  std::vector<const Kernels*> all = allKernels();
  all.pop_back();  // the scalar ones are a definition
  printf("\n%s: %d panels of 32 rows, %d columns; microseconds.\n\n| rows |", shape.name, shape.panels, shape.columns);
  for (const Kernels* k : all) printf(" %s |", k->isa);
  printf("\n| ---: |");
  for (size_t i = 0; i < all.size(); i++) printf(" ---: |");
  printf("\n");
  Random random(1);
  const size_t columns = static_cast<size_t>(shape.columns), outputs = static_cast<size_t>(shape.panels) * kPanelRows;
  Region codes(columns * outputs / 4 + 8192);
  for (size_t i = 0; i < codes.bytes(); i++) codes.as<uint8_t>()[i] = static_cast<uint8_t>(random.bits() & random.bits());
  const TernaryWeight weight = {codes.as<uint8_t>(), nullptr, 1.0f, shape.panels, shape.columns, 0};
  for (const int rows : {1, 2, 4, 8, 12, 16, 32, 128}) {
    const size_t many = static_cast<size_t>(rows);
    Region x(many * columns), out(many * outputs * sizeof(float));
    for (size_t i = 0; i < x.bytes(); i++) x.as<int8_t>()[i] = static_cast<int8_t>(random.bits());
    std::vector<RowFacts> facts(many, {1.0f, 0});
    const QuantisedRows quantised = {x.as<int8_t>(), facts.data(), nullptr};
    std::vector<std::vector<double>> times(all.size());
    for (int round = 0; round < kRounds; round++) {
      for (size_t i = 0; i < all.size(); i++) {
        const Region scratch(all[i]->ternaryScratch(rows));
        const Tiling tiling = makeTiling(rows, all[i]->tokenTile);
        const TernaryJob job = {&weight, &quantised, tiling, nullptr, out.as<float>(), outputs};
        times[i].push_back(microsecondsOf(*all[i], job, shape.panels, scratch.as<void>()));
      }
    }
    printf("| %d |", rows);
    for (std::vector<double>& each : times) {
      std::nth_element(each.begin(), each.begin() + kRounds / 2, each.end());
      printf(" %.2f |", each[kRounds / 2]);
    }
    printf("\n");
  }
}

}  // namespace

int main() {
  printf("Ternary product on one thread, medians of %d rounds in turns.\n", kRounds);
  measure({"Half of the default model's gate", 12, 256});
  measure({"A part of a model with 2.4 billion parameters", 8, 2560});
}
