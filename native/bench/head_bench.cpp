// What the fused head costs beyond its matrix product, and what separate passes over stored logits would.
//
// 32 rows x a vocabulary of 128,000, f16 weights, width 2560; three ways in turns, medians:
//   bare      logits of a chunk are made and dropped
//   fused     as the engine does it: a chunk's logits are reduced while they are in cache
//   separate  logits are stored, then a pass each for softmax (maximum and exponentials), division by the
//             sum, the most probable token, and the threshold
// Entropy, which the fused head gives too, has no pass: the comparison is kind to the other side.
//
//   npm run bench:head

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>

#include "../test/check.h"
#include "memory.h"
#include "pool.h"

namespace {

using namespace unmask;

constexpr int kRows = 32, kVocabulary = 128000, kWidth = 2560, kSubRows = 32;
constexpr size_t kChunkStride = kChunk + 16;
constexpr size_t kRowBytes = kWidth * sizeof(uint16_t);

struct Bench {
  const Kernels& kernels = *kernelsFor("");
  Pool pool{physicalCores()};
  Region weights{kVocabulary * kRowBytes};
  Region x{kRows * kWidth * sizeof(float)};
  Region logits{static_cast<size_t>(kRows) * kVocabulary * sizeof(float)};
  Region scratch{static_cast<size_t>(pool.threads()) * kRows * kChunkStride * sizeof(float)};
  std::vector<ChunkStats> stats{static_cast<size_t>(kRows) * (kVocabulary / kChunk)};
  int certain = 0;

  Bench() {
    Random random(1);
    std::vector<uint16_t> halves(1 << 20);
    for (uint16_t& half : halves) half = narrowF16(0.02f * random.real());
    uint16_t* to = weights.as<uint16_t>();
    for (size_t i = 0; i < weights.bytes() / 2; i++) to[i] = halves[(i * 31) % halves.size()];
    for (size_t i = 0; i < static_cast<size_t>(kRows) * kWidth; i++) x.as<float>()[i] = random.real();
  }

  void each(int tasks, const std::function<void(int, int)>& work) {
    std::atomic<int> next{0};
    pool.run([&](int worker) {
      for (int task; (task = next++) < tasks;) work(task, worker);
    });
  }

  void multiply(int chunk, float* out, size_t stride) {
    for (int first = chunk * kChunk; first < (chunk + 1) * kChunk; first += kSubRows) {
      DenseJob job;
      job.weight = weights.as<uint8_t>() + static_cast<size_t>(first) * kRowBytes;
      job.rowBytes = kRowBytes;
      job.rows = kSubRows;
      job.columns = kWidth;
      job.x = x.as<float>();
      job.xStride = kWidth;
      job.tokens = kRows;
      job.out = out + (first - chunk * kChunk);
      job.outStride = stride;
      kernels.dense[static_cast<int>(DenseType::F16)](job);
    }
  }

  float* own(int worker) { return scratch.as<float>() + static_cast<size_t>(worker) * kRows * kChunkStride; }

  void bare() {
    each(kVocabulary / kChunk, [&](int chunk, int worker) { multiply(chunk, own(worker), kChunkStride); });
  }

  void fused() {
    each(kVocabulary / kChunk, [&](int chunk, int worker) {
      multiply(chunk, own(worker), kChunkStride);
      for (int row = 0; row < kRows; row++)
        kernels.chunkStats(own(worker) + row * kChunkStride, kChunk, 0, &stats[static_cast<size_t>(chunk * kRows + row)]);
    });
  }

  void separate() {
    each(kVocabulary / kChunk, [&](int chunk, int) { multiply(chunk, logits.as<float>() + chunk * kChunk, kVocabulary); });
    const auto row = [&](int r) { return logits.as<float>() + static_cast<size_t>(r) * kVocabulary; };
    float sums[kRows], probability[kRows];
    each(kRows, [&](int r, int) { sums[r] = kernels.softmax(row(r), kVocabulary, kVocabulary); });
    each(kRows, [&](int r, int) { kernels.divide(row(r), kVocabulary, sums[r], row(r)); });
    each(kRows, [&](int r, int) { probability[r] = *std::max_element(row(r), row(r) + kVocabulary); });
    certain = static_cast<int>(std::count_if(probability, probability + kRows, [](float p) { return p > 0.9f; }));
  }
};

/** The middle of them. */
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  constexpr int rounds = 41;
  Bench bench;
  const std::function<void()> ways[3] = {[&] { bench.bare(); }, [&] { bench.fused(); }, [&] { bench.separate(); }};
  const char* names[3] = {"bare product", "fused", "separate passes"};
  std::vector<double> times[3], beyond[3];
  for (int round = -1; round < rounds; round++) {
    double ms[3];
    for (int way = 0; way < 3; way++) {
      const auto begin = std::chrono::steady_clock::now();
      ways[way]();
      ms[way] = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    }
    if (round < 0) continue;
    for (int way = 0; way < 3; way++) {
      times[way].push_back(ms[way]);
      beyond[way].push_back(ms[way] - ms[0]);
    }
  }
  printf("Head of 32 rows, vocabulary 128,000, width 2560, f16; %s, %d threads, medians of %d rounds in turns.\n\n",
         bench.kernels.isa, bench.pool.threads(), rounds);
  printf("| | ms | beyond the product of the same round | of the product |\n|---|---:|---:|---:|\n");
  for (int way = 0; way < 3; way++)
    printf("| %s | %.2f | %.2f ms | %.1f %% |\n", names[way], median(times[way]), median(beyond[way]),
           100 * median(beyond[way]) / median(times[0]));
  return 0;
}
