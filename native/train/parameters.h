// The master weights, their gradients and the optimiser's moments, all f32.
//
// Beside them the forms in which products take the weights, at some quantisation: made anew
// when the weights have changed. Rows are padded to 64 columns of zeros.
#pragma once

#include <vector>

#include "../kernels.h"
#include "../memory.h"
#include "../pool.h"
#include "gemm.h"

namespace unmask {

struct ParameterSpec {
  enum class Kind : int { Embedding, Matrix, Vector } kind;
  bool ternary;
  int columns, rows;  // a vector is one row
};

struct Parameter {
  ParameterSpec spec;
  int padded;
  size_t floats;            // rows * padded
  bool multiplied = false;  // by a product: needs packing
  Region values, gradient;
  Region first, second, momentum;  // of AdamW, and of Muon for a matrix

  // As of the last Parameters::prepare.
  PackedMatrix forward, backward;  // out = x * weight^T; dx = dy * weight, of pairs of codes where ternary
  TernaryWeight panels{};
  Region forwardData, backwardData, codes;
  float scale = 0, inverse = 0;  // absmean

  float* row(const Region& region, int r) const { return region.as<float>() + static_cast<size_t>(r) * static_cast<size_t>(padded); }
};

class Parameters {
 public:
  Parameters(const std::vector<ParameterSpec>& specs, const TrainKernels& kernels, Pool& pool);

  Parameter& operator[](int i) { return all_[static_cast<size_t>(i)]; }
  std::vector<Parameter>& all() { return all_; }
  /** The weights have changed. */
  void touch() { prepared_ = -1; }
  /** Packs every matrix; ternary ones become w + quantisation * (ternary(w) - w). */
  void prepare(float quantisation, Gemm& gemm);

 private:
  void packMatrix(Parameter& p, float quantisation, Gemm& gemm);
  void packTernary(Parameter& p, Gemm& gemm);
  static PackedMatrix pack(const View& weights, int depth, int columns, Gemm& gemm, Region& data);
  void measure(Parameter& p) const;

  const TrainKernels& kernels_;
  Pool& pool_;
  std::vector<Parameter> all_;
  Region effective_;  // what is packed of the largest matrix
  float prepared_ = -1;
};

constexpr int kPiece = 1 << 14;  // floats of a tensor that one task takes; sums are cut here whatever the threads

/** Sum of squares in double precision. */
double sumSquares(const TrainKernels& kernels, Pool& pool, const float* x, size_t floats);

/** Copies between rows of `padded` floats and rows of `columns`. */
void copyOut(const Parameter& p, const Region& region, float* out);
void copyIn(const Parameter& p, const float* in, const Region& region);

}  // namespace unmask
