// The pool's barrier: nobody passes early, everybody agrees when to stop, and runs follow each other.
#include "pool.h"

#include <stdexcept>
#include <string>

#include "check.h"

using namespace unmask;

int main() {
  test("barrier: all arrive before any leaves", [] {
    for (const int threads : {1, 2, 3, 5}) {
      Pool pool(threads);
      for (int round = 0; round < 20; round++) {
        std::vector<int> arrived(static_cast<size_t>(threads), 0);  // written by their owner, read after a barrier
        std::atomic<int> wrong{0};
        pool.run([&](int worker) {
          for (int phase = 1; phase <= 30; phase++) {
            arrived[worker] = phase;
            pool.barrier();
            for (const int other : arrived) wrong += other != phase;
            pool.barrier();
          }
        });
        CHECK(wrong == 0);
      }
    }
  });
  test("barrier: all threads see the same answer about stopping", [] {
    for (const int threads : {1, 2, 4}) {
      Pool pool(threads);
      for (int round = 0; round < 30; round++) {
        std::atomic<bool> stop{false};
        std::vector<int> passed(static_cast<size_t>(threads), 0);
        std::thread other([&] { stop = true; });
        pool.run([&](int worker) {
          while (!pool.barrier(&stop)) passed[worker]++;
        });
        other.join();
        for (const int count : passed) CHECK(count == passed[0]);
      }
    }
  });
  test("what a worker throws reaches the caller, after all are done, and the pool goes on", [] {
    for (const int threads : {1, 2, 4}) {
      Pool pool(threads);
      for (int thrower = 0; thrower < threads; thrower++) {
        std::atomic<int> calls{0};
        std::string caught;
        try {
          pool.run([&](int worker) {
            calls++;
            if (worker == thrower) throw std::runtime_error("worker " + std::to_string(worker));
          });
        } catch (const std::exception& error) {
          caught = error.what();
        }
        CHECK(caught == "worker " + std::to_string(thrower));
        CHECK(calls == threads);
        pool.run([&](int) { calls++; });
        CHECK(calls == 2 * threads);
      }
    }
  });
  test("pools come and go", [] {
    for (int i = 0; i < 30; i++) {
      Pool pool(3);
      std::atomic<int> calls{0};
      if (i % 2 == 0) pool.run([&](int) { calls++; });
      CHECK(calls == (i % 2 == 0 ? 3 : 0));
    }
  });
  return finish();
}
