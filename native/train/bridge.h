// The trainer as JavaScript calls it; src/train/native.ts is the only caller and has checked
// what users give.
#pragma once

#include <node_api.h>

namespace unmask {

/** Adds the trainer's functions to the addon. */
void defineTrainer(napi_env env, napi_value exports);

}  // namespace unmask
