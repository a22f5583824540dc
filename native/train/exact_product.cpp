// See exact_product.h.
#include "exact_product.h"

#include <chrono>

#include "parallel.h"

namespace unmask {

void exactProduct(const Kernels& kernels, Pool& pool, Gemm& gemm, const Parameter& p, const Rows& x, int rows, const Rows& out) {
  const auto begin = std::chrono::steady_clock::now();
  inPieces(pool, p.spec.rows, kPanelRows, [&](int first, int end, int) {
    DenseJob job;
    job.weight = reinterpret_cast<const uint8_t*>(p.row(p.values, first));
    job.rowBytes = static_cast<size_t>(p.padded) * sizeof(float);
    job.rows = end - first;
    job.columns = p.spec.columns;
    job.x = x.data;
    job.xStride = x.stride;
    job.tokens = rows;
    job.out = out.data + first;
    job.outStride = out.stride;
    kernels.dense[static_cast<int>(DenseType::F32)](job);
  });
  gemm.count(2.0 * rows * p.spec.rows * p.spec.columns,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace unmask
