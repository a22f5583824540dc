// Unpacking and checking a forward; see request.h.
#include "request.h"

#include <algorithm>
#include <string>

#include "failure.h"
#include "kernels.h"
#include "random.h"

namespace unmask {

namespace {

constexpr int kMostTop = 1000;

enum Visibility { kCausal, kBlock, kAll };

void require(bool holds, const char* what) {
  if (!holds) throw Failure("invalid_request", std::string("A forward was packed wrongly: ") + what + ".");
}

struct Reader {
  const int32_t* next;
  size_t left;
  int take() {
    require(left > 0, "it is too short");
    left--;
    return *next++;
  }
  const int32_t* take(int count) {
    require(count >= 0 && left >= static_cast<size_t>(count), "it is too short");
    const int32_t* first = next;
    next += count;
    left -= static_cast<size_t>(count);
    return first;
  }
};

}  // namespace

void readRequest(const int32_t* ints, size_t count, const double* reals, size_t realCount, const Limits& limits,
                 Request* request) {
  Reader reader{ints, count};
  const int spans = reader.take(), rows = reader.take(), pages = reader.take(), heads = reader.take(),
            asked = reader.take();
  require(spans >= 0 && spans <= rows && rows >= 0 && rows <= limits.maxRows && pages >= 0, "counts");
  require(heads >= 0 && heads <= spans && asked >= 0 && asked <= rows && realCount >= 2 * static_cast<size_t>(heads),
          "heads");
  require(count < (size_t{1} << 30), "it is too long");
  const int32_t* span = reader.take(7 * spans);
  const int32_t* tokens = reader.take(rows);
  const int32_t* pageNumbers = reader.take(pages);
  const int32_t* head = reader.take(7 * heads);
  const int32_t* askedRows = reader.take(asked);

  for (int i = 0; i < rows; i++) require(tokens[i] >= 0 && tokens[i] < limits.vocabulary, "token");
  for (int i = 0; i < pages; i++) require(pageNumbers[i] >= 0 && pageNumbers[i] < limits.pages, "page");
  request->tokens.assign(tokens, tokens + rows);
  request->pages.assign(pageNumbers, pageNumbers + pages);
  request->spans.clear();
  request->positions.clear();
  request->visible.clear();
  request->asked.clear();
  request->topEntries = request->logitsRows = 0;

  int firstRow = 0, firstPage = 0, nextHead = 0, firstAsked = 0;
  for (int s = 0; s < spans; s++, span += 7) {
    const int length = span[0], position = span[1], keyEnd = span[3], pageCount = span[4];
    require(length >= 1 && length <= rows - firstRow && position >= 0 && keyEnd >= length &&
                keyEnd <= limits.contextLength && position <= keyEnd - length,
            "span");
    require(pageCount <= pages - firstPage && pageCount >= roundUp(keyEnd, kPage) / kPage, "page table");
    require(span[2] >= kCausal && span[2] <= kAll, "visibility");
    require(span[6] >= 0 && span[6] <= length, "causal rows");
    request->spans.push_back({firstRow, length, position, keyEnd, request->pages.data() + firstPage});
    for (int r = 0; r < length; r++) {
      const int at = position + r;
      request->positions.push_back(at);
      const int blockEnd = (at / limits.blockLength + 1) * limits.blockLength;
      const bool causal = span[2] == kCausal || r < span[6];
      request->visible.push_back(causal ? at + 1 : span[2] == kBlock ? std::min(blockEnd, keyEnd) : keyEnd);
    }
    if (span[5] >= 0) {
      require(span[5] == nextHead && nextHead < heads, "head order");
      const int32_t* h = head + 7 * nextHead;
      require(h[0] >= 0 && h[0] <= asked - firstAsked && h[2] >= 0 && h[5] >= 0 && h[5] <= kMostTop &&
                  h[1] < limits.vocabulary,
              "head");
      for (int i = 0; i < h[0]; i++) {
        const int row = askedRows[firstAsked + i];
        require(row >= 0 && row < length && (i == 0 || row > askedRows[firstAsked + i - 1]), "asked row");
        AskedRow made;
        made.row = firstRow + row;
        made.suppress = h[1];
        made.topK = h[2];
        made.top = h[5];
        // Below this nothing but the maximum has weight, and f32 would lose it.
        const double temperature = reals[2 * nextHead];
        made.temperature = temperature > 0 ? std::max(temperature, 1e-6) : 0.0;
        made.topP = reals[2 * nextHead + 1];
        made.random =
            uniform(static_cast<uint32_t>(h[3]), static_cast<uint32_t>(position + row), static_cast<uint32_t>(h[4]));
        made.answer = static_cast<int>(request->asked.size());
        made.topAnswer = request->topEntries;
        if (h[6] != 0) made.logits = request->logitsRows++;
        request->topEntries += made.top;
        request->asked.push_back(made);
      }
      firstAsked += h[0];
      nextHead++;
    }
    firstRow += length;
    firstPage += pageCount;
  }
  require(firstRow == rows && firstPage == pages && nextHead == heads && firstAsked == asked, "totals");
}

}  // namespace unmask
