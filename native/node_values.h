// JavaScript values to C++ and back. Everything that fails throws Failure.
#pragma once

#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include <node_api.h>

#include <string>

#include "failure.h"

namespace unmask {

inline void check(napi_status status) {
  if (status != napi_ok)
    throw Failure("internal", "A Node-API call failed with status " + std::to_string(status) + ".");
}

inline napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  check(napi_get_named_property(env, object, name, &value));
  return value;
}

inline double number(napi_env env, napi_value value) {
  double result;
  check(napi_get_value_double(env, value, &result));
  return result;
}

inline int integer(napi_env env, napi_value object, const char* name) {
  return static_cast<int>(number(env, property(env, object, name)));
}

inline std::string text(napi_env env, napi_value value) {
  size_t length;
  check(napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string result(length, '\0');
  check(napi_get_value_string_utf8(env, value, &result[0], length + 1, &length));
  return result;
}

template <class T>
struct Array {
  T* data = nullptr;
  size_t length = 0;
};

template <class T>
Array<T> typedArray(napi_env env, napi_value value, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  Array<T> array;
  void* data;
  check(napi_get_typedarray_info(env, value, &type, &array.length, &data, nullptr, nullptr));
  if (type != wanted) throw Failure("internal", "A typed array has the wrong type.");
  array.data = static_cast<T*>(data);
  return array;
}

inline Array<int32_t> intArray(napi_env env, napi_value value) {
  return typedArray<int32_t>(env, value, napi_int32_array);
}
inline Array<float> floatArray(napi_env env, napi_value value) {
  return typedArray<float>(env, value, napi_float32_array);
}
inline Array<double> doubleArray(napi_env env, napi_value value) {
  return typedArray<double>(env, value, napi_float64_array);
}

inline napi_value makeNumber(napi_env env, double value) {
  napi_value result;
  check(napi_create_double(env, value, &result));
  return result;
}

inline napi_value makeText(napi_env env, const std::string& value) {
  napi_value result;
  check(napi_create_string_utf8(env, value.data(), value.size(), &result));
  return result;
}

inline napi_value makeError(napi_env env, const Failure& failure) {
  napi_value result;
  check(napi_create_error(env, makeText(env, failure.code), makeText(env, failure.what()), &result));
  return result;
}

inline napi_value makeUndefined(napi_env env) {
  napi_value result;
  check(napi_get_undefined(env, &result));
  return result;
}

}  // namespace unmask
