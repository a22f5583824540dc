// Spin-then-park barrier and worker threads; see pool.h.
#include "pool.h"

#include <string>
#include <system_error>
#include <utility>

#include "cpu.h"
#include "failure.h"

namespace unmask {

namespace {

// How long threads look before they sleep; being woken takes a tenth of a millisecond. Not at all where they outnumber
// the cores: spinning delays the others.
constexpr std::chrono::microseconds kBarrierSpin(100);
constexpr std::chrono::microseconds kRunSpin(500);  // what JavaScript takes between two forwards, or two answers
constexpr std::chrono::microseconds kNoSpin(0);

constexpr int kLooks = 32;  // between two looks at the clock; a pause takes 10 to 50 nanoseconds

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

}  // namespace

void Turnstile::advance() {
  count_.fetch_add(1, std::memory_order_seq_cst);
  // A sleeper counts itself before it looks at the count, so one of the two sees the other.
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  signal_.notify_all();
}

void Turnstile::wait(unsigned seen, std::chrono::microseconds spin) {
  if (spin.count() > 0) {
    const auto end = std::chrono::steady_clock::now() + spin;
    do {
      for (int look = 0; look < kLooks; look++) {
        if (now() != seen) return;
        pause();
      }
    } while (std::chrono::steady_clock::now() < end);
  }
  std::unique_lock<std::mutex> lock(mutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  signal_.wait(lock, [&] { return count_.load(std::memory_order_seq_cst) != seen; });
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

Pool::Pool(int threads) : threads_(threads), spin_(threads <= usableCpus()) {
  workers_.reserve(static_cast<size_t>(threads - 1));
  try {
    for (int worker = 1; worker < threads; worker++) workers_.emplace_back([this, worker] { work(worker); });
  } catch (const std::system_error& error) {
    const std::string started = std::to_string(workers_.size() + 1);
    end();
    throw Failure("out_of_memory", "Of " + std::to_string(threads) + " threads only " + started +
                                       " could be started: " + error.what() + ". Use fewer (--threads).");
  }
}

Pool::~Pool() { end(); }

void Pool::end() {
  task_ = nullptr;
  runs_.advance();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::run(const std::function<void(int)>& task) {
  task_ = &task;
  if (threads_ > 1) runs_.advance();
  attempt(0);
  barrier();
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Pool::attempt(int worker) {
  try {
    (*task_)(worker);
  } catch (...) {
    std::lock_guard<std::mutex> lock(failing_);
    if (failure_ == nullptr) failure_ = std::current_exception();
  }
}

void Pool::work(int worker) {
  for (unsigned seen = 0;; seen++) {
    runs_.wait(seen, spin_ ? kRunSpin : kNoSpin);
    if (task_ == nullptr) return;
    attempt(worker);
    barrier();
  }
}

bool Pool::barrier(const std::atomic<bool>* stop) {
  const unsigned phase = phases_.now();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    stopped_ = stop != nullptr && stop->load(std::memory_order_relaxed);
    const bool stopped = stopped_;
    phases_.advance();
    return stopped;
  }
  phases_.wait(phase, spin_ ? kBarrierSpin : kNoSpin);
  return stopped_;
}

}  // namespace unmask
