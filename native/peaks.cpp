// The best of several short runs, since whatever disturbs makes them slower; see peaks.h.
#include "peaks.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "memory.h"
#include "pool.h"

namespace unmask {

namespace {

constexpr int kRuns = 7;
constexpr int kSteps = 400000;
constexpr size_t kReadBytes = size_t{512} << 20;

/** The most `work(worker)`, summed over the workers, reaches in a second. */
double best(Pool& pool, const std::function<double(int)>& work) {
  std::vector<double> done(static_cast<size_t>(pool.threads()));
  double most = 0;
  for (int run = 0; run < kRuns; run++) {
    const auto begin = std::chrono::steady_clock::now();
    pool.run([&](int worker) { done[static_cast<size_t>(worker)] = work(worker); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    double sum = 0;
    for (const double amount : done) sum += amount;
    most = std::max(most, sum / seconds.count());
  }
  return most;
}

uint64_t sumOf(const uint64_t* words, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8)
    for (size_t lane = 0; lane < 8; lane++) sums[lane] += words[i + lane];
  uint64_t sum = 0;
  for (const uint64_t lane : sums) sum += lane;
  return sum;
}

}  // namespace

Peaks measurePeaks(const Kernels& kernels, int threads) {
  Pool pool(threads);
  struct alignas(64) Out {
    int32_t bytes[16] = {};
    float floats[16] = {};
    uint64_t read = 0;
  };
  std::vector<Out> outs(static_cast<size_t>(threads));
  const auto out = [&](int worker) -> Out& { return outs[static_cast<size_t>(worker)]; };

  Peaks peaks;
  peaks.int8Gops = 2e-9 * best(pool, [&](int w) { return kernels.byteProducts(kSteps, out(w).bytes); });
  peaks.floatGops = 2e-9 * best(pool, [&](int w) { return kernels.floatProducts(kSteps, out(w).floats); });

  const Region memory(kReadBytes);
  const size_t words = kReadBytes / sizeof(uint64_t) / static_cast<size_t>(threads);
  const auto part = [&](int w) { return memory.as<uint64_t>() + static_cast<size_t>(w) * words; };
  pool.run([&](int w) { std::fill(part(w), part(w) + words, 1); });  // pages that were never written share one
  peaks.readGBs = 1e-9 * best(pool, [&](int w) {
    out(w).read += sumOf(part(w), words);
    return static_cast<double>(words * sizeof(uint64_t));
  });
  return peaks;
}

}  // namespace unmask
