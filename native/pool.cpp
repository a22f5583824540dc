// Spin-then-park barrier and worker threads; see pool.h.
#include "pool.h"

#include "cpu.h"

namespace unmask {

namespace {

// About 50 microseconds; none where threads outnumber the cores and spinning delays the others.
constexpr int kSpins = 1500;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

}  // namespace

Pool::Pool(int threads) : threads_(threads), spins_(threads <= usableCpus() ? kSpins : 0) {
  workers_.reserve(static_cast<size_t>(threads - 1));
  for (int worker = 1; worker < threads; worker++) workers_.emplace_back([this, worker] { work(worker); });
}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(startMutex_);
    quit_ = true;
  }
  startSignal_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::run(const std::function<void(int)>& task) {
  if (threads_ > 1) {
    {
      std::lock_guard<std::mutex> lock(startMutex_);
      task_ = &task;
      runs_++;
    }
    startSignal_.notify_all();
  }
  task(0);
  barrier();
}

void Pool::work(int worker) {
  unsigned seen = 0;
  for (;;) {
    const std::function<void(int)>* task;
    {
      std::unique_lock<std::mutex> lock(startMutex_);
      startSignal_.wait(lock, [&] { return quit_ || runs_ != seen; });
      if (quit_) return;
      seen = runs_;
      task = task_;
    }
    (*task)(worker);
    barrier();
  }
}

bool Pool::barrier(const std::atomic<bool>* stop) {
  const unsigned phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    stopped_ = stop != nullptr && stop->load(std::memory_order_relaxed);
    const bool stopped = stopped_;
    phase_.store(phase + 1, std::memory_order_seq_cst);
    // A sleeper counts itself before it looks at the phase, so one of the two sees the other.
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard<std::mutex> lock(phaseMutex_);
      phaseSignal_.notify_all();
    }
    return stopped;
  }
  for (int spin = 0; spin < spins_; spin++) {
    if (phase_.load(std::memory_order_acquire) != phase) return stopped_;
    pause();
  }
  std::unique_lock<std::mutex> lock(phaseMutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  phaseSignal_.wait(lock, [&] { return phase_.load(std::memory_order_seq_cst) != phase; });
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return stopped_;
}

}  // namespace unmask
