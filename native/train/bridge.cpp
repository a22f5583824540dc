// Promises over a trainer; see bridge.h. Work runs on a thread of Node's pool, which leads the
// trainer's own threads, one task at a time: the caller waits for each promise.
#include "bridge.h"

#include <functional>
#include <memory>
#include <new>

#include "../addon.h"
#include "trainer.h"

namespace unmask {

namespace {

/** A task off the event loop, its promise, and what it must keep alive. */
struct Work {
  napi_async_work handle = nullptr;
  napi_deferred deferred = nullptr;
  std::vector<napi_ref> kept;
  std::function<void()> execute;
  std::function<napi_value(napi_env)> result;
  std::unique_ptr<Failure> failure;
};

struct Holder {
  std::unique_ptr<Trainer> trainer;
};

Holder* holderOf(napi_env env, napi_value external) {
  void* holder;
  check(napi_get_value_external(env, external, &holder));
  return static_cast<Holder*>(holder);
}

Trainer& trainerOf(napi_env env, napi_value external) {
  Holder* holder = holderOf(env, external);
  if (holder->trainer == nullptr) throw Failure("disposed", "The trainer has been disposed of. Create it again.");
  return *holder->trainer;
}

void execute(napi_env, void* data) {
  Work* work = static_cast<Work*>(data);
  try {
    work->execute();
  } catch (const Failure& failure) {
    work->failure.reset(new Failure(failure));
  } catch (const std::bad_alloc&) {
    work->failure.reset(new Failure("out_of_memory", "There is not enough memory to train. Use a smaller model or fewer rows."));
  } catch (const std::exception& error) {
    work->failure.reset(new Failure("internal", error.what()));
  }
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  try {
    if (work->failure != nullptr) check(napi_reject_deferred(env, work->deferred, makeError(env, *work->failure)));
    else check(napi_resolve_deferred(env, work->deferred, work->result(env)));
    for (const napi_ref kept : work->kept) check(napi_delete_reference(env, kept));
    check(napi_delete_async_work(env, work->handle));
  } catch (const Failure&) {
    // The environment ends.
  }
}

napi_value start(napi_env env, std::unique_ptr<Work> work, std::initializer_list<napi_value> kept) {
  napi_value promise;
  check(napi_create_promise(env, &work->deferred, &promise));
  for (const napi_value value : kept) {
    napi_valuetype type;
    check(napi_typeof(env, value, &type));
    if (type != napi_object && type != napi_external) continue;
    work->kept.emplace_back();
    check(napi_create_reference(env, value, 1, &work->kept.back()));
  }
  check(napi_create_async_work(env, nullptr, makeText(env, "unmask-train"), execute, complete, work.get(), &work->handle));
  check(napi_queue_async_work(env, work->handle));
  work.release();
  return promise;
}

bool isNull(napi_env env, napi_value value) {
  napi_valuetype type;
  check(napi_typeof(env, value, &type));
  return type == napi_null;
}

/** trainerCreate(config, kinds): kinds is [parameters, 2]: ParameterSpec::Kind, ternary. */
napi_value create(napi_env env, napi_value* arguments) {
  ModelSpec spec = readSpec(env, arguments[0]);
  const Array<int32_t> kinds = intArray(env, arguments[1]);
  if (kinds.length != 2 * spec.tensors.size()) throw Failure("internal", "Kinds and tensors differ in number.");
  std::vector<ParameterSpec> parameters;
  for (size_t i = 0; i < spec.tensors.size(); i++)
    parameters.push_back({static_cast<ParameterSpec::Kind>(kinds.data[2 * i]), kinds.data[2 * i + 1] != 0, spec.tensors[i].columns, spec.tensors[i].rows});
  std::unique_ptr<Holder> holder(new Holder{std::make_unique<Trainer>(std::move(spec), parameters)});
  napi_value external;
  check(napi_create_external(env, holder.get(), [](napi_env, void* data, void*) { delete static_cast<Holder*>(data); }, nullptr, &external));
  holder.release();
  return external;
}

/** trainerInfo(trainer): {isa, threads}. */
napi_value info(napi_env env, napi_value* arguments) {
  const Trainer& trainer = trainerOf(env, arguments[0]);
  napi_value object;
  check(napi_create_object(env, &object));
  check(napi_set_named_property(env, object, "isa", makeText(env, trainer.isa())));
  check(napi_set_named_property(env, object, "threads", makeNumber(env, trainer.threads())));
  return object;
}

/** trainerRun(trainer, training, batch, quantisation, losses, logits): Promise<{loss, gemmFlops, gemmSeconds}>. */
napi_value run(napi_env env, napi_value* arguments) {
  Trainer* trainer = &trainerOf(env, arguments[0]);
  bool training;
  check(napi_get_value_bool(env, arguments[1], &training));
  const auto array = [&](const char* name) { return property(env, arguments[2], name); };
  const napi_value held[] = {array("tokens"), array("positions"), array("sequences"), array("keys"), array("targets"), array("weights")};
  Batch batch;
  const Array<int32_t> tokens = intArray(env, held[0]), bounds = intArray(env, held[2]);
  batch.rows = static_cast<int>(tokens.length);
  batch.sequences = static_cast<int>(bounds.length) - 1;
  batch.tokens = tokens.data;
  batch.positions = intArray(env, held[1]).data;
  batch.bounds = bounds.data;
  batch.keys = intArray(env, held[3]).data;
  batch.targets = intArray(env, held[4]).data;
  batch.weights = floatArray(env, held[5]).data;
  const float quantisation = static_cast<float>(number(env, arguments[3]));
  float* losses = floatArray(env, arguments[4]).data;
  float* logits = isNull(env, arguments[5]) ? nullptr : floatArray(env, arguments[5]).data;
  const std::shared_ptr<StepResult> result = std::make_shared<StepResult>();
  std::unique_ptr<Work> work(new Work);
  work->execute = [=] {
    *result = training ? trainer->accumulate(batch, quantisation, losses) : trainer->evaluate(batch, quantisation, losses, logits);
  };
  work->result = [=](napi_env env) {
    napi_value object;
    check(napi_create_object(env, &object));
    check(napi_set_named_property(env, object, "loss", makeNumber(env, result->loss)));
    check(napi_set_named_property(env, object, "gemmFlops", makeNumber(env, result->gemmFlops)));
    check(napi_set_named_property(env, object, "gemmSeconds", makeNumber(env, result->gemmSeconds)));
    return object;
  };
  return start(env, std::move(work), {arguments[0], held[0], held[1], held[2], held[3], held[4], held[5], arguments[4], arguments[5]});
}

/** trainerUpdate(trainer, options): Promise<norm>; options in the order of UpdateOptions. */
napi_value update(napi_env env, napi_value* arguments) {
  Trainer* trainer = &trainerOf(env, arguments[0]);
  const Array<double> given = doubleArray(env, arguments[1]);
  if (given.length != 9) throw Failure("internal", "An update takes nine numbers.");
  const double* o = given.data;
  const UpdateOptions options = {o[0], o[1], o[2] != 0, o[3], o[4], o[5], o[6], o[7], o[8]};
  const std::shared_ptr<double> norm = std::make_shared<double>();
  std::unique_ptr<Work> work(new Work);
  work->execute = [=] { *norm = trainer->update(options); };
  work->result = [=](napi_env env) { return makeNumber(env, *norm); };
  return start(env, std::move(work), {arguments[0]});
}

Region& regionOf(Parameter& p, int which) {
  Region* regions[] = {&p.values, &p.gradient, &p.first, &p.second, &p.momentum};
  return *regions[which];
}

/** trainerRead(trainer, parameter, which, out): 0 values, 1 gradient, 2 and 3 AdamW's moments, 4 Muon's momentum. */
napi_value read(napi_env env, napi_value* arguments) {
  Parameter& p = trainerOf(env, arguments[0]).parameters()[static_cast<int>(number(env, arguments[1]))];
  copyOut(p, regionOf(p, static_cast<int>(number(env, arguments[2]))), floatArray(env, arguments[3]).data);
  return makeUndefined(env);
}

/** trainerWrite(trainer, parameter, which, values). */
napi_value write(napi_env env, napi_value* arguments) {
  Trainer& trainer = trainerOf(env, arguments[0]);
  Parameter& p = trainer.parameters()[static_cast<int>(number(env, arguments[1]))];
  copyIn(p, floatArray(env, arguments[3]).data, regionOf(p, static_cast<int>(number(env, arguments[2]))));
  trainer.parameters().touch();
  return makeUndefined(env);
}

/** trainerSteps(trainer, steps): updates made so far; set first unless negative. */
napi_value steps(napi_env env, napi_value* arguments) {
  Optimiser& optimiser = trainerOf(env, arguments[0]).optimiser();
  const int given = static_cast<int>(number(env, arguments[1]));
  if (given >= 0) optimiser.setSteps(given);
  return makeNumber(env, optimiser.steps());
}

/** trainerPeak(trainer): see Gemm::measurePeak. */
napi_value peak(napi_env env, napi_value* arguments) { return makeNumber(env, trainerOf(env, arguments[0]).measurePeak()); }

/** trainerFree(trainer). */
napi_value release(napi_env env, napi_value* arguments) {
  holderOf(env, arguments[0])->trainer.reset();
  return makeUndefined(env);
}

}  // namespace

void defineTrainer(napi_env env, napi_value exports) {
  define(env, exports, "trainerCreate", call<create, 2>);
  define(env, exports, "trainerInfo", call<info, 1>);
  define(env, exports, "trainerRun", call<run, 6>);
  define(env, exports, "trainerUpdate", call<update, 2>);
  define(env, exports, "trainerRead", call<read, 4>);
  define(env, exports, "trainerWrite", call<write, 4>);
  define(env, exports, "trainerSteps", call<steps, 2>);
  define(env, exports, "trainerPeak", call<peak, 1>);
  define(env, exports, "trainerFree", call<release, 1>);
}

}  // namespace unmask
