// One forward as numbers: what JavaScript packs, and where the answers go.
//
// Packed layout (int32), written by src/backend/native-request.ts:
//   [0] spans  [1] rows  [2] pages  [3] heads  [4] asked rows
//   spans x 7: rows, position, visibility (its index in `visibilities`), keyEnd, pages, head (-1: none), causal rows
//   tokens of all spans, then pages of all spans
//   heads x 7: asked rows, suppress, topK, seed, draw, top, logits (0 or 1), in span order
//   asked rows of all heads, indices within their span
// and (float64) heads x 2: temperature, topP.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace unmask {

struct Span {
  int firstRow, rows, position, keyEnd;
  const int32_t* pages;
};

/** A row whose logits somebody wants to know about, and where its answers go. */
struct AskedRow {
  int row;  // of the forward
  int suppress, topK, top;
  double temperature, topP;
  float random;     // uniform(seed, position, draw)
  int answer;       // index into the per-row arrays of Answers
  int topAnswer;    // index of its first entry in the top arrays
  int logits = -1;  // row of Answers.logits, -1 when not asked for
};

/** The caller's arrays. */
struct Answers {
  int32_t* token;
  float* probability;
  float* logprob;
  float* entropy;
  int32_t* topToken;
  float* topLogprob;
  float* logits;  // [rows that asked][vocabulary], may be null
};

struct Request {
  std::vector<Span> spans;
  std::vector<int32_t> tokens;     // [rows]
  std::vector<int32_t> positions;  // [rows]
  std::vector<int32_t> visible;    // [rows] keys 0 .. visible - 1
  std::vector<int32_t> pages;
  std::vector<AskedRow> asked;  // ascending row
  int topEntries = 0, logitsRows = 0;
};

struct Limits {
  int maxRows, pages, contextLength, vocabulary, blockLength;
};

/**
 * Unpacks and checks a request; the checks repeat TypeScript's, because a wrong index here
 * would be a crash. Throws Failure invalid_request.
 */
void readRequest(const int32_t* ints, size_t count, const double* reals, size_t realCount, const Limits& limits,
                 Request* request);

}  // namespace unmask
