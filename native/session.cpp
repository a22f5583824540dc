// Tasks, promises and the end of a session; see session.h.
#include "session.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <system_error>
#include <vector>

namespace unmask {

namespace {

/** Up to here the event loop can wait for a forward: handing it over costs a quarter of a millisecond. */
constexpr std::chrono::microseconds kQuick(3000);

}  // namespace

napi_value Session::create(napi_env env, ModelSpec spec) {
  Session* session = new Session(env, std::move(spec));
  napi_value external;
  check(napi_create_external(env, session, onCollected, nullptr, &external));
  return external;
}

Session* Session::from(napi_env env, napi_value external) {
  void* session;
  check(napi_get_value_external(env, external, &session));
  return static_cast<Session*>(session);
}

Session::Session(napi_env env, ModelSpec spec) : env_(env), spec_(std::move(spec)) {
  const napi_value name = makeText(env, "unmask");
  check(napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, onEvent, &events_));
  check(napi_unref_threadsafe_function(env, events_));
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error& error) {
    napi_release_threadsafe_function(events_, napi_tsfn_release);
    throw Failure("out_of_memory", std::string("No thread could be started for the model: ") + error.what() + ".");
  }
  // Hooks run last come first: ours before the one that frees the thread-safe function.
  const napi_status hooked = napi_add_env_cleanup_hook(env, onTeardown, this);
  if (hooked != napi_ok) close(false);
  check(hooked);
}

Session::~Session() { close(false); }

void Session::onTeardown(void* session) { static_cast<Session*>(session)->close(true); }

void Session::onCollected(napi_env, void* session, void*) { delete static_cast<Session*>(session); }

/** Ends the thread, abandoning a forward that runs. */
void Session::close(bool environmentEnds) {
  if (closed_) return;
  closed_ = true;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    quit_ = true;
    if (forward_ != nullptr) forward_->abort();
  }
  signal_.notify_one();
  thread_.join();
  model_.reset();
  if (environmentEnds) return;
  napi_remove_env_cleanup_hook(env_, onTeardown, this);
  napi_release_threadsafe_function(events_, napi_tsfn_release);
}

// --- on the event loop

napi_value Session::start(Task task, napi_value self) {
  napi_value promise;
  check(napi_create_promise(env_, &deferred_, &promise));
  keep(self);
  check(napi_ref_threadsafe_function(env_, events_));
  running_ = task;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    next_ = task;
  }
  signal_.notify_one();
  return promise;
}

void Session::keep(napi_value value) {
  for (napi_ref& kept : kept_) {
    if (kept != nullptr) continue;
    check(napi_create_reference(env_, value, 1, &kept));
    return;
  }
}

napi_value Session::load(napi_value self, napi_value onProgress) {
  if (closed_ || running_ != Task::None || model_ != nullptr) throw Failure("internal", "The model is loaded already.");
  check(napi_create_reference(env_, onProgress, 1, &onProgress_));
  return start(Task::Load, self);
}

napi_value Session::forward(napi_value self, napi_value ints, napi_value reals, napi_value answers, napi_value logits) {
  if (closed_ || model_ == nullptr) throw Failure("disposed", "The model has been disposed of. Load it again.");
  if (running_ != Task::None) throw Failure("internal", "A forward was started before the last one ended.");
  const Array<int32_t> packed = intArray(env_, ints), words = intArray(env_, answers);
  const Array<double> numbers = doubleArray(env_, reals);
  readRequest(packed.data, packed.length, numbers.data, numbers.length, model_->limits(), &request_);
  const size_t rows = request_.asked.size(), entries = static_cast<size_t>(request_.topEntries);
  if (words.length < 4 * rows + 2 * entries) throw Failure("internal", "The array for the answers is too short.");
  float* real = reinterpret_cast<float*>(words.data);
  answers_ = {words.data,      real + rows,           real + 2 * rows,
              real + 3 * rows, words.data + 4 * rows, real + 4 * rows + entries,
              nullptr};
  if (request_.logitsRows > 0) {
    const Array<float> array = floatArray(env_, logits);
    if (array.length < static_cast<size_t>(request_.logitsRows) * (model_->limits().vocabulary))
      throw Failure("internal", "The array for the logits is too short.");
    answers_.logits = array.data;
  }
  if (static_cast<int>(request_.tokens.size()) <= quickRows_) {
    run(Task::Forward);
    if (const std::unique_ptr<Failure> failure = std::move(failure_)) throw Failure(*failure);
    return makeUndefined(env_);
  }
  if (answers_.logits != nullptr) keep(logits);
  keep(answers);
  return start(Task::Forward, self);
}

napi_value Session::unload(napi_value self) {
  if (closed_ || running_ != Task::None) throw Failure("internal", "The model is busy or disposed of already.");
  return start(Task::Unload, self);
}

napi_value Session::info() const {
  if (model_ == nullptr) throw Failure("disposed", "The model has been disposed of. Load it again.");
  napi_value object;
  check(napi_create_object(env_, &object));
  check(napi_set_named_property(env_, object, "isa", makeText(env_, model_->isa())));
  check(napi_set_named_property(env_, object, "threads", makeNumber(env_, model_->threads())));
  check(napi_set_named_property(env_, object, "weightBytes",
                                makeNumber(env_, static_cast<double>(model_->weightBytes()))));
  check(napi_set_named_property(env_, object, "kvBytes", makeNumber(env_, static_cast<double>(model_->kvBytes()))));
  return object;
}

napi_value Session::stages() const {
  static constexpr const char* kKinds[] = {"rows", "matmul", "writeKv", "attend", "head", "finish"};
  if (model_ == nullptr) throw Failure("disposed", "The model has been disposed of. Load it again.");
  napi_value array;
  check(napi_create_array(env_, &array));
  uint32_t index = 0;
  for (const Stage& stage : model_->forward().stages()) {
    std::vector<int> numbers;
    for (const Product& product : stage.products) {
      numbers.push_back(product.weight);
      if (product.up >= 0) numbers.push_back(product.up);
    }
    for (const RowStep& step : stage.steps)
      if (step.weight >= 0) numbers.push_back(step.weight);
    if (stage.kind == Stage::Kind::Head) numbers.push_back(stage.weight);
    napi_value object, weights, asked;
    check(napi_create_object(env_, &object));
    check(napi_create_array(env_, &weights));
    for (size_t i = 0; i < numbers.size(); i++)
      check(napi_set_element(env_, weights, static_cast<uint32_t>(i), makeNumber(env_, numbers[i])));
    check(napi_get_boolean(env_, stage.asked, &asked));
    check(napi_set_named_property(env_, object, "kind", makeText(env_, kKinds[static_cast<int>(stage.kind)])));
    check(napi_set_named_property(env_, object, "asked", asked));
    check(napi_set_named_property(env_, object, "weights", weights));
    check(napi_set_element(env_, array, index++, object));
  }
  return array;
}

napi_value Session::profile() {
  if (model_ == nullptr || running_ != Task::None)
    throw Failure("internal", "A profile was asked for while the model was busy.");
  const std::vector<double> taken = model_->forward().takeProfile();
  void* data;
  napi_value buffer, array;
  check(napi_create_arraybuffer(env_, taken.size() * sizeof(double), &data, &buffer));
  std::copy(taken.begin(), taken.end(), static_cast<double*>(data));
  check(napi_create_typedarray(env_, napi_float64_array, taken.size(), buffer, 0, &array));
  return array;
}

void Session::onEvent(napi_env env, napi_value, void* context, void* data) {
  const std::unique_ptr<Progress> progress(static_cast<Progress*>(data));
  if (env == nullptr) return;  // the environment ends; the session is closed or about to be
  Session* session = static_cast<Session*>(context);
  try {
    if (progress != nullptr) session->report(*progress);
    else session->finish();
  } catch (const Failure& failure) {
    napi_throw_error(env, failure.code.c_str(), failure.what());
  }
}

void Session::report(const Progress& progress) {
  napi_value callback, result;
  napi_value arguments[2] = {makeNumber(env_, static_cast<double>(progress.done)),
                             makeNumber(env_, static_cast<double>(progress.total))};
  check(napi_get_reference_value(env_, onProgress_, &callback));
  // Node reports what a callback throws.
  napi_call_function(env_, makeUndefined(env_), callback, 2, arguments, &result);
}

/** Settles the promise of the task that has just ended. */
void Session::finish() {
  if (closed_) return;
  const Task done = running_;
  const napi_deferred deferred = deferred_;
  const std::unique_ptr<Failure> failure = std::move(failure_);
  running_ = Task::None;
  for (napi_ref& kept : kept_) {
    if (kept != nullptr) napi_delete_reference(env_, kept);
    kept = nullptr;
  }
  if (done == Task::Load) napi_delete_reference(env_, onProgress_);
  check(napi_unref_threadsafe_function(env_, events_));
  if (done == Task::Unload || (done == Task::Load && failure != nullptr)) close(false);
  if (failure != nullptr) check(napi_reject_deferred(env_, deferred, makeError(env_, *failure)));
  else check(napi_resolve_deferred(env_, deferred, makeUndefined(env_)));
}

// --- on the session's thread

void Session::work() {
  for (;;) {
    Task task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      signal_.wait(lock, [this] { return next_ != Task::None || quit_; });
      if (quit_) return;
      task = next_;
      next_ = Task::None;
      forward_ = task == Task::Forward ? &model_->forward() : nullptr;
    }
    run(task);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      forward_ = nullptr;
    }
    notify(nullptr);
  }
}

void Session::run(Task task) {
  try {
    if (task == Task::Load) {
      model_.reset(new Model(std::move(spec_), [this](uint64_t done, uint64_t total) {
        notify(new Progress{done, total});
      }));
    } else if (task == Task::Forward) {
      runForward();
    } else {
      model_.reset();
    }
  } catch (const Failure& failure) {
    failure_.reset(new Failure(failure));
  } catch (const std::bad_alloc&) {
    failure_.reset(new Failure("out_of_memory",
                               "There is not enough memory. Use a smaller model, fewer K/V pages or fewer rows."));
  } catch (const std::exception& error) {
    failure_.reset(new Failure("internal", error.what()));
  }
}

void Session::runForward() {
  const int rows = static_cast<int>(request_.tokens.size());
  const auto begin = std::chrono::steady_clock::now();
  model_->forward().run(request_, answers_);
  const bool quick = std::chrono::steady_clock::now() - begin <= kQuick;
  quickRows_ = quick ? std::max(quickRows_, rows) : std::min(quickRows_, rows - 1);
}

/** Null says that the task is done. */
void Session::notify(Progress* progress) {
  if (napi_call_threadsafe_function(events_, progress, napi_tsfn_nonblocking) != napi_ok) delete progress;
}

}  // namespace unmask
