// A model as JavaScript holds it: a thread of its own that loads, runs forwards and unloads.
//
// One task at a time, each settling one promise; the thread and the event loop meet in one
// thread-safe function. A forward that is over sooner than two threads can meet runs where it
// was asked for. Members are handed to and fro between the two threads and never touched by
// both at once, except what the mutex guards.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "model.h"
#include "node_values.h"

namespace unmask {

class Session {
 public:
  /** Makes a session, as an external value, that is not loaded yet. */
  static napi_value create(napi_env env, ModelSpec spec);
  static Session* from(napi_env env, napi_value external);

  // Each returns the promise of its task. Throw Failure when another is running.
  napi_value load(napi_value self, napi_value onProgress);
  /** answers: token, probability, logprob, entropy [rows], topToken, topLogprob [entries], one after the other. */
  /** Undefined in place of a promise if the forward was quick enough to be done already. */
  napi_value forward(napi_value self, napi_value ints, napi_value reals, napi_value answers, napi_value logits);
  /** Frees the model and ends the thread. */
  napi_value unload(napi_value self);

  /** isa, threads, weightBytes, kvBytes of a loaded model. */
  napi_value info() const;
  /** The plan's stages: [{kind, asked, weights}], weights numbered as in the program. */
  napi_value stages() const;
  /** Float64Array, see Forward::takeProfile. */
  napi_value profile();

 private:
  enum class Task { None, Load, Forward, Unload };
  struct Progress {
    uint64_t done, total;
  };

  Session(napi_env env, ModelSpec spec);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // On the event loop.
  napi_value start(Task task, napi_value self);
  void keep(napi_value value);
  void finish();
  void report(const Progress& progress);
  void close(bool environmentEnds);
  static void onEvent(napi_env env, napi_value, void* session, void* progress);
  static void onTeardown(void* session);
  static void onCollected(napi_env, void* session, void*);

  // On the session's thread; a quick forward on the event loop.
  void work();
  void run(Task task);
  void runForward();
  void notify(Progress* progress);

  const napi_env env_;
  napi_threadsafe_function events_ = nullptr;
  napi_deferred deferred_ = nullptr;
  napi_ref onProgress_ = nullptr;
  napi_ref kept_[3] = {};  // what the running task needs alive
  bool closed_ = false;

  ModelSpec spec_;
  std::unique_ptr<Model> model_;
  Request request_;
  Answers answers_{};
  int quickRows_ = 0;  // a forward of so many rows has been quick the last time
  std::unique_ptr<Failure> failure_;
  Task running_ = Task::None;

  std::mutex mutex_;
  std::condition_variable signal_;
  Task next_ = Task::None;
  bool quit_ = false;
  Forward* forward_ = nullptr;  // while it runs, so that close() can abort it
  std::thread thread_;
};

}  // namespace unmask
