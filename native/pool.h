// Threads that run one function together, with a barrier inside it.
//
// Waiting for a barrier or for the next run they spin, since it is mostly microseconds away, and
// sleep after a while. The caller of run() is worker 0, whichever thread that is.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace unmask {

/** A number that goes up and that threads wait for. */
class Turnstile {
 public:
  unsigned now() const { return count_.load(std::memory_order_acquire); }
  /** Whatever was written before is seen by all that wait() lets through. */
  void advance();
  /** Until now() is not `seen`: looks for so long, then sleeps. */
  void wait(unsigned seen, std::chrono::microseconds spin);

 private:
  alignas(64) std::atomic<unsigned> count_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable signal_;
};

class Pool {
 public:
  /** Throws Failure out_of_memory when the system gives no more threads. */
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }
  /**
   * Calls task(worker) on every thread and returns when all are done. Throws what the first worker that failed threw;
   * a task that meets barriers must not throw, as the others would wait for it. Not reentrant.
   */
  void run(const std::function<void(int)>& task);
  /**
   * Called by every worker of a run: nobody passes before all have arrived. True for all of
   * them if `stop` was set when the last one arrived.
   */
  bool barrier(const std::atomic<bool>* stop = nullptr);

 private:
  void work(int worker);
  void attempt(int worker);
  void end();

  const int threads_;
  const bool spin_;
  std::vector<std::thread> workers_;

  Turnstile runs_;
  const std::function<void(int)>* task_ = nullptr;  // of the run; null ends the thread
  std::mutex failing_;
  std::exception_ptr failure_;  // of the run

  Turnstile phases_;
  alignas(64) std::atomic<int> arrived_{0};
  bool stopped_ = false;  // what the last barrier answers
};

}  // namespace unmask
