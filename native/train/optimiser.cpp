// AdamW and Muon over whole tensors; see optimiser.h.
#include "optimiser.h"

#include <math.h>

#include <algorithm>

#include "parallel.h"

namespace unmask {

Optimiser::Optimiser(const TrainKernels& kernels, Pool& pool) : kernels_(kernels), pool_(pool) {
  for (int i = 0; i < pool.threads(); i++) muons_.push_back(std::make_unique<Muon>(kernels));
}

double Optimiser::update(Parameters& parameters, const UpdateOptions& options) {
  double squares = 0;
  for (Parameter& p : parameters.all()) squares += sumSquares(kernels_, pool_, p.gradient.as<float>(), p.floats);
  const double length = sqrt(squares), scale = length > options.clip ? options.clip / length : 1;
  if (isfinite(length)) {
    steps_++;
    std::vector<Parameter*> orthogonal;
    for (Parameter& p : parameters.all()) {
      const bool matrix = p.spec.kind == ParameterSpec::Kind::Matrix;
      if (matrix && options.muon) orthogonal.push_back(&p);
      else adam(p, matrix ? options.matrixRate : options.otherRate, matrix ? options.weightDecay : 0, scale, options);
    }
    for (const auto& muon : muons_)
      for (const Parameter* p : orthogonal) muon->reserve(*p);
    // Each thread takes whole matrices: they are too small to be shared.
    inParallel(pool_, static_cast<int>(orthogonal.size()), [&](int i, int worker) {
      muons_[static_cast<size_t>(worker)]->update(*orthogonal[static_cast<size_t>(i)], scale, options);
    });
    parameters.touch();
  }
  for (Parameter& p : parameters.all())
    inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
      std::fill(p.gradient.as<float>() + begin, p.gradient.as<float>() + end, 0.0f);
    });
  return length;
}

void Optimiser::adam(Parameter& p, double rate, double decay, double scale, const UpdateOptions& o) {
  AdamStep step;
  step.gradientScale = static_cast<float>(scale);
  step.beta1 = static_cast<float>(o.beta1);
  step.beta2 = static_cast<float>(o.beta2);
  step.epsilon = static_cast<float>(o.epsilon);
  step.rate = static_cast<float>(rate / (1 - pow(o.beta1, steps_)));
  step.secondScale = static_cast<float>(1 / sqrt(1 - pow(o.beta2, steps_)));
  step.keep = static_cast<float>(1 - rate * decay);
  inPieces(pool_, static_cast<int>(p.floats), kPiece, [&](int begin, int end, int) {
    kernels_.adam(p.values.as<float>() + begin, p.gradient.as<float>() + begin, p.first.as<float>() + begin,
                  p.second.as<float>() + begin, static_cast<size_t>(end - begin), step);
  });
}

}  // namespace unmask
