// Threads that run one function together, with a barrier inside it.
//
// Between two barriers they spin, since the next piece of work is microseconds away; after a
// while, and whenever no run is going on, they sleep. The caller of run() is worker 0.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace unmask {

class Pool {
 public:
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }
  /** Calls task(worker) on every thread and returns when all are done. Not reentrant. */
  void run(const std::function<void(int)>& task);
  /**
   * Called by every worker of a run: nobody passes before all have arrived. True for all of
   * them if `stop` was set when the last one arrived.
   */
  bool barrier(const std::atomic<bool>* stop = nullptr);

 private:
  void work(int worker);

  const int threads_;
  const int spins_;
  std::vector<std::thread> workers_;

  std::mutex startMutex_;
  std::condition_variable startSignal_;
  const std::function<void(int)>* task_ = nullptr;
  unsigned runs_ = 0;
  bool quit_ = false;

  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<unsigned> phase_{0};
  bool stopped_ = false;  // what the last barrier answers
  std::atomic<int> sleepers_{0};
  std::mutex phaseMutex_;
  std::condition_variable phaseSignal_;
};

}  // namespace unmask
