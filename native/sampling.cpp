// Truncated sampling without sorting the whole vocabulary; see sampling.h.
#include "sampling.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "transcendental.h"

namespace unmask {

namespace {

/** Tokens that can be chosen, of which the first `sorted` are in order. */
class Ranking {
 public:
  Ranking(const float* logits, int vocabulary) : logits_(logits) {
    for (int token = 0; token < vocabulary; token++)
      if (logits[token] > -INFINITY) tokens_.push_back(token);
  }

  int size() const { return static_cast<int>(tokens_.size()); }

  /** The token at `rank`; sorts further when needed, in steps that grow. */
  int at(int rank) {
    if (rank >= sorted_) sortTo(std::min(size(), std::max(rank + 1, 4 * std::max(sorted_, 16))));
    return tokens_[rank];
  }

 private:
  void sortTo(int end) {
    std::partial_sort(tokens_.begin() + sorted_, tokens_.begin() + end, tokens_.end(),
                      [this](int a, int b) { return logits_[a] != logits_[b] ? logits_[a] > logits_[b] : a < b; });
    sorted_ = end;
  }

  const float* logits_;
  std::vector<int> tokens_;
  int sorted_ = 0;
};

}  // namespace

int mostProbable(const float* logits, int vocabulary, int count, int* tokens) {
  Ranking ranking(logits, vocabulary);
  const int found = std::min(count, ranking.size());
  for (int i = 0; i < found; i++) tokens[i] = ranking.at(i);
  return found;
}

int sampleTruncated(const float* logits, int vocabulary, double max, double temperature, int topK, double topP,
                    double random) {
  const auto weight = [&](int token) {
    return exponentialOf((static_cast<double>(logits[token]) - max) / temperature);
  };
  Ranking ranking(logits, vocabulary);
  const int candidates = topK == 0 ? ranking.size() : std::min(topK, ranking.size());
  if (candidates == 0) return 0;
  double total = 0;
  if (topK == 0) {
    for (int token = 0; token < vocabulary; token++)
      if (logits[token] > -INFINITY) total += weight(token);
  } else {
    for (int i = 0; i < candidates; i++) total += weight(ranking.at(i));
  }
  int kept = candidates;
  double held = total;
  if (topP < 1.0) {
    held = 0;
    for (kept = 0; kept < candidates && (kept == 0 || held < topP * total); kept++) held += weight(ranking.at(kept));
  }
  const double target = random * held;
  double passed = 0;
  for (int i = 0; i < kept; i++) {
    passed += weight(ranking.at(i));
    if (passed > target) return ranking.at(i);
  }
  return ranking.at(kept - 1);  // only by rounding
}

}  // namespace unmask
