// The bridge to Node: a few functions over sessions.
//
// No globals: everything belongs to a session, so several models and several worker threads
// may coexist. src/backend/native.ts is the only caller and has checked what users give.
#include "addon.h"

#include "cpu.h"
#include "peaks.h"
#include "session.h"
#include "train/bridge.h"

namespace unmask {

ModelSpec readSpec(napi_env env, napi_value config) {
  ModelSpec spec;
  spec.path = text(env, property(env, config, "path"));
  spec.isa = text(env, property(env, config, "isa"));
  spec.threads = integer(env, config, "threads");
  spec.maxRows = integer(env, config, "maxRows");
  spec.pages = integer(env, config, "pages");
  const Array<double> tensors = doubleArray(env, property(env, config, "tensors"));
  for (size_t i = 0; i + 5 <= tensors.length; i += 5) {
    const double* t = tensors.data + i;
    spec.tensors.push_back({static_cast<TensorType>(static_cast<int>(t[0])), static_cast<uint64_t>(t[1]),
                            static_cast<uint64_t>(t[2]), static_cast<int>(t[3]), static_cast<int>(t[4])});
  }
  const Array<int32_t> ops = intArray(env, property(env, config, "ops"));
  const Array<double> reals = doubleArray(env, property(env, config, "opReals"));
  for (size_t i = 0; 8 * i + 8 <= ops.length && i < reals.length; i++) {
    const int32_t* o = ops.data + 8 * i;
    spec.ops.push_back(
        {static_cast<OpKind>(o[0]), o[1], o[2], o[3], o[4], o[5], o[6], o[7], static_cast<float>(reals.data[i])});
  }
  const Array<int32_t> widths = intArray(env, property(env, config, "widths"));
  spec.widths.assign(widths.data, widths.data + widths.length);
  spec.layers = integer(env, config, "layers");
  spec.heads = integer(env, config, "heads");
  spec.kvHeads = integer(env, config, "kvHeads");
  spec.headDim = integer(env, config, "headDim");
  spec.vocabulary = integer(env, config, "vocabulary");
  spec.contextLength = integer(env, config, "contextLength");
  spec.blockLength = integer(env, config, "blockLength");
  spec.attentionScale = static_cast<float>(number(env, property(env, config, "attentionScale")));
  spec.ropeDim = integer(env, config, "ropeDim");
  spec.ropeAdjacent = integer(env, config, "ropeAdjacent") != 0;
  const Array<float> cos = floatArray(env, property(env, config, "cos")),
                     sin = floatArray(env, property(env, config, "sin"));
  spec.cos.assign(cos.data, cos.data + cos.length);
  spec.sin.assign(sin.data, sin.data + sin.length);
  const int headType = integer(env, config, "headType");
  if (headType >= 0) spec.headType = static_cast<TensorType>(headType);
  return spec;
}

namespace {

/** isa(): string[], best first. */
napi_value isa(napi_env env, napi_value*) {
  napi_value array;
  check(napi_create_array(env, &array));
  uint32_t i = 0;
  for (const std::string& name : instructionSets()) check(napi_set_element(env, array, i++, makeText(env, name)));
  return array;
}

/** create(config): session. */
napi_value create(napi_env env, napi_value* arguments) { return Session::create(env, readSpec(env, arguments[0])); }

/** load(session, onProgress(done, total)): Promise<void>. */
napi_value load(napi_env env, napi_value* arguments) {
  return Session::from(env, arguments[0])->load(arguments[0], arguments[1]);
}

/** info(session): {isa, threads, weightBytes, kvBytes}. */
napi_value info(napi_env env, napi_value* arguments) { return Session::from(env, arguments[0])->info(); }

/** forward(session, ints, reals, answers, logits): Promise<void> | undefined; see request.h and session.h. */
napi_value forward(napi_env env, napi_value* arguments) {
  return Session::from(env, arguments[0])
      ->forward(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
}

/** unload(session): Promise<void>. */
napi_value unload(napi_env env, napi_value* arguments) {
  return Session::from(env, arguments[0])->unload(arguments[0]);
}

/** stages(session): see Session::stages. */
napi_value stages(napi_env env, napi_value* arguments) { return Session::from(env, arguments[0])->stages(); }

/** profile(session): Float64Array; see Session::profile. */
napi_value profile(napi_env env, napi_value* arguments) { return Session::from(env, arguments[0])->profile(); }

/** peaks(threads, isa): [int8 Gops, f32 Gops, GB/s]; half a second in which nothing else runs. */
napi_value peaks(napi_env env, napi_value* arguments) {
  const Peaks found = measurePeaks(*kernelsFor(text(env, arguments[1])), static_cast<int>(number(env, arguments[0])));
  napi_value array;
  check(napi_create_array(env, &array));
  uint32_t i = 0;
  for (const double value : {found.int8Gops, found.floatGops, found.readGBs})
    check(napi_set_element(env, array, i++, makeNumber(env, value)));
  return array;
}

}  // namespace

}  // namespace unmask

NAPI_MODULE_INIT() {
  using namespace unmask;
  define(env, exports, "isa", call<isa, 0>);
  define(env, exports, "create", call<create, 1>);
  define(env, exports, "load", call<load, 2>);
  define(env, exports, "info", call<info, 1>);
  define(env, exports, "forward", call<forward, 5>);
  define(env, exports, "unload", call<unload, 1>);
  define(env, exports, "stages", call<stages, 1>);
  define(env, exports, "profile", call<profile, 1>);
  define(env, exports, "peaks", call<peaks, 2>);
  defineTrainer(env, exports);
  return exports;
}
