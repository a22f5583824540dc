// Forward and backward of a program over batches of rows, on all threads.
//
// A batch is worked off in chunks of whole sequences, so that activations stay few; gradients
// add up over chunks and batches. Training multiplies in packed f32, or in integers where the weights
// are ternary; evaluate() runs the engine's own kernels where the engine would, so that its logits are the engine's.
#pragma once

#include <memory>
#include <vector>

#include "attend.h"
#include "float_products.h"
#include "gemm.h"
#include "head_loss.h"
#include "matrices.h"
#include "optimiser.h"
#include "parameters.h"
#include "tape.h"
#include "ternary_products.h"

namespace unmask {

/** As src/train/types.ts describes it; arrays belong to the caller. */
struct Batch {
  int rows = 0, sequences = 0;
  const int32_t* tokens = nullptr;
  const int32_t* positions = nullptr;
  const int32_t* bounds = nullptr;  // [sequences + 1]
  const int32_t* keys = nullptr;    // [rows][4]
  const int32_t* targets = nullptr;
  const float* weights = nullptr;
};

struct StepResult {
  double loss = 0, gemmFlops = 0, gemmSeconds = 0;
};

class Trainer {
 public:
  /** @param spec its tensors are those of the parameters, in that order. Throws Failure config_invalid, internal. */
  Trainer(ModelSpec spec, const std::vector<ParameterSpec>& parameters);

  const char* isa() const { return kernels_.isa; }
  int threads() const { return pool_.threads(); }
  Parameters& parameters() { return parameters_; }
  Optimiser& optimiser() { return optimiser_; }

  /** Adds gradients; losses is [rows]. */
  StepResult accumulate(const Batch& batch, float quantisation, float* losses);
  /** logits: [rows][vocabulary] or null. */
  StepResult evaluate(const Batch& batch, float quantisation, float* losses, float* logits);
  double measurePeak() { return gemm_.measurePeak(); }
  double update(const UpdateOptions& options) { return optimiser_.update(parameters_, options); }

 private:
  using Handle = Matrices::Handle;

  StepResult run(const Batch& batch, float quantisation, bool training, float* losses, float* logits);
  double runChunk(float* losses, float* logits);
  void cutChunks(const Batch& batch);

  void forward(const Node& node);
  void embed(const Node& node);
  void linear(const Node& node);
  double head(const Node& node, float* losses, float* logits);

  void backward(const Node& node);
  void linearBackward(const Node& node);

  Handle& materialise(int value);
  Handle acquire(int value) { return matrices_.acquire(tape_.values[static_cast<size_t>(value)].width); }
  Handle& valueOf(int value) { return values_[static_cast<size_t>(value)]; }
  void release(const Node& node, size_t index);
  void addGradient(int value, const Handle& gradient);
  /** The matrix to write a gradient to, and what to add to what is written: that itself, another value's, or null. */
  struct Sum {
    Handle before, out;
  };
  Sum sumFor(int value);
  /** The same where products add in place. */
  Matrix& gradientFor(int value, bool* accumulate);
  bool wholly(const Parameter& p) const { return p.spec.ternary && quantisation_ == 1; }
  template <class Work>
  void eachRow(const Work& work);
  void addPieces(int pieces, int width, float* out);

  ModelSpec spec_;
  const Kernels& kernels_;
  const TrainKernels& train_;
  Pool pool_;
  Gemm gemm_;
  Parameters parameters_;
  Optimiser optimiser_;
  Tape tape_;
  Attend attend_;
  FloatProducts float_;
  TernaryProducts ternary_;
  HeadLoss head_;
  Matrices matrices_;
  std::vector<float> backwardSin_;  // of the rotation back

  // Of the batch and chunk that runs.
  float quantisation_ = 0;
  bool training_ = false;
  std::vector<Chunk> chunks_;
  const Chunk* chunk_ = nullptr;
  int chunkRows_ = 0;  // of the longest chunk so far
  std::vector<Handle> values_, gradients_;
  Region pieces_;  // [pieces][columns] sums over the rows of each
};

}  // namespace unmask
