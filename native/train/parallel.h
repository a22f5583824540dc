// Numbered tasks shared out among the threads of a pool.
#pragma once

#include <algorithm>
#include <atomic>

#include "../pool.h"

namespace unmask {

/** Calls work(task, worker) for tasks 0 .. count - 1, each once, on any thread. */
template <class Work>
void inParallel(Pool& pool, int count, const Work& work) {
  if (count == 1) return work(0, 0);
  std::atomic<int> next{0};
  pool.run([&](int worker) {
    for (int task; (task = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(task, worker);
  });
}

/** Calls work(begin, end, worker) over [0, count) in pieces of `grain`; the pieces never depend on the threads. */
template <class Work>
void inPieces(Pool& pool, int count, int grain, const Work& work) {
  inParallel(pool, (count + grain - 1) / grain, [&](int piece, int worker) {
    work(piece * grain, std::min(piece * grain + grain, count), worker);
  });
}

}  // namespace unmask
