// What the files that define the addon's functions share.
#pragma once

#include "node_values.h"
#include "program.h"

namespace unmask {

/** The model as src/backend/native-program.ts packs it: 8 ints and 1 real per op, 5 reals per tensor. */
ModelSpec readSpec(napi_env env, napi_value config);

using Function = napi_value (*)(napi_env, napi_value* arguments);

/** Calls a Function with its arguments; Failure becomes an Error with a code. */
template <Function function, size_t count>
napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[count + 1];
  size_t given = count;
  try {
    check(napi_get_cb_info(env, info, &given, arguments, nullptr, nullptr));
    if (given < count) throw Failure("internal", "A native function was called with too few arguments.");
    return function(env, arguments);
  } catch (const Failure& failure) {
    napi_throw_error(env, failure.code.c_str(), failure.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, "internal", error.what());
  }
  return nullptr;
}

inline void define(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function));
  check(napi_set_named_property(env, exports, name, function));
}

}  // namespace unmask
