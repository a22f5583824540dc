// Choosing among a whole row of logits: top_k, top_p and the list of the most probable.
// The definition is src/backend/sampling.ts; suppressed tokens are minus infinity here.
#pragma once

namespace unmask {

/** The `count` largest logits above minus infinity, descending, lowest token first among equals. Returns how many. */
int mostProbable(const float* logits, int vocabulary, int count, int* tokens);

/**
 * Keeps the top_k largest (0: all), of these the shortest prefix that holds at least top_p of
 * their weight exp((l - max) / temperature), and walks the kept in descending order to
 * random * (sum of the kept).
 */
int sampleTruncated(const float* logits, int vocabulary, double max, double temperature, int topK, double topP,
                    double random);

}  // namespace unmask
