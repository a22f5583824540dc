// The engine's own product with f32 weights: what evaluate() multiplies with, so that its logits are the engine's.
#pragma once

#include "../kernels.h"
#include "attend.h"
#include "gemm.h"
#include "parameters.h"

namespace unmask {

/** out = x * weight^T of `rows` rows; counted by the Gemm. */
void exactProduct(const Kernels& kernels, Pool& pool, Gemm& gemm, const Parameter& p, const Rows& x, int rows, const Rows& out);

}  // namespace unmask
