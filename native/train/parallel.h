// Numbered tasks shared out among the threads of a pool.
#pragma once

#include <algorithm>
#include <atomic>

#include "../pool.h"

namespace unmask {

/** Elementary operations, vector lanes apart, below which waking threads costs more than they save. */
constexpr double kWorthThreads = 100000;

/** Rows of a task, even, so that pairs are never cut; sums over rows are cut here. */
constexpr int kRowGrain = 32;

/** Calls work(task, worker) for tasks 0 .. count - 1, each once, on any thread. `operations` is a guess at all of it. */
template <class Work>
void inParallel(Pool& pool, int count, const Work& work, double operations = kWorthThreads) {
  if (count == 1 || operations < kWorthThreads) {
    for (int task = 0; task < count; task++) work(task, 0);
    return;
  }
  std::atomic<int> next{0};
  pool.run([&](int worker) {
    for (int task; (task = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(task, worker);
  });
}

/** Calls work(begin, end, worker) over [0, count) in pieces of `grain`; the pieces never depend on the threads. */
template <class Work>
void inPieces(Pool& pool, int count, int grain, const Work& work, double operations = kWorthThreads) {
  const auto piece = [&](int i, int worker) { work(i * grain, std::min(i * grain + grain, count), worker); };
  inParallel(pool, (count + grain - 1) / grain, piece, operations);
}

}  // namespace unmask
