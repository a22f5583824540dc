// Whole models without Node: same bits whatever the threads, instruction set, batch or asked rows, and however a forward is cut;
// stopping; bad input.
#include "model.h"

#include <stdint.h>
#include <unistd.h>

#include <fstream>

#include "check.h"
#include "failure.h"

using namespace unmask;

namespace {

/** A two-layer transformer of random weights in a temporary file. */
class TinyModel {
 public:
  explicit TinyModel(uint32_t seed, int hidden = 128) : random_(seed) {
    char name[] = "/tmp/unmask-native-test-XXXXXX";
    close(mkstemp(name));
    path_ = name;
    spec_ = {path_, "", 1, 64, 12, {}, {}, {}, 2, 6, 2, 10, 700, 96, 16, 0.3f, 8, false, {}, {}, {}};
    const int ffn = 192, q = 60, kv = 20;
    // x, h, q, k, v, a, y, g, u
    spec_.widths = {hidden, hidden, q, kv, kv, q, hidden, ffn, ffn};
    const int table = matrix(TensorType::F16, hidden, spec_.vocabulary);
    spec_.ops.push_back({OpKind::Embed, -1, -1, -1, 0, table, -1, 0, 0});
    for (int layer = 0; layer < 2; layer++) {
      norm(0, 1, hidden);
      linear(1, 2, TensorType::Q2_0, hidden, q, true);
      linear(1, 3, TensorType::Q2_0, hidden, kv, false);
      linear(1, 4, TensorType::F16, hidden, kv, true);  // takes the norm in f32
      spec_.ops.push_back({OpKind::Rope, 2, -1, -1, 2, -1, -1, spec_.heads, 0});
      spec_.ops.push_back({OpKind::Rope, 3, -1, -1, 3, -1, -1, spec_.kvHeads, 0});
      spec_.ops.push_back({OpKind::Attend, 2, 3, 4, 5, -1, -1, layer, 0});
      linear(5, 6, TensorType::F32, q, hidden, false);
      spec_.ops.push_back({OpKind::Add, 0, 6, -1, 0, -1, -1, 0, 0});
      norm(0, 1, hidden);
      linear(1, 7, TensorType::Q2_0, hidden, ffn, false);
      linear(1, 8, TensorType::Q2_0, hidden, ffn, false);
      spec_.ops.push_back({OpKind::Gate, 7, 8, -1, 8, -1, -1, layer, 0});  // silu, then relu2
      norm(8, 8, ffn);
      linear(8, 6, TensorType::Q2_0, ffn, hidden, false);
      spec_.ops.push_back({OpKind::Add, 0, 6, -1, 0, -1, -1, 0, 0});
    }
    norm(0, 1, hidden);
    spec_.ops.push_back({OpKind::Head, 1, -1, -1, -1, table, -1, 0, 0});
    for (int i = 0; i < spec_.contextLength * spec_.ropeDim / 2; i++) {
      const double angle = (i / 4) * std::pow(0.1, i % 4);
      spec_.cos.push_back(static_cast<float>(std::cos(angle)));
      spec_.sin.push_back(static_cast<float>(std::sin(angle)));
    }
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()), static_cast<long>(bytes_.size()));
  }
  ~TinyModel() { unlink(path_.c_str()); }

  ModelSpec spec(const std::string& isa, int threads) const {
    ModelSpec spec = spec_;
    spec.isa = isa;
    spec.threads = threads;
    return spec;
  }

 private:
  int add(TensorType type, int columns, int rows) {
    bytes_.resize(bytes_.size() + 7);  // off any alignment
    const size_t size = tensorBytes(type, columns, rows);
    spec_.tensors.push_back({type, bytes_.size(), size, columns, rows});
    bytes_.resize(bytes_.size() + size);
    return static_cast<int>(spec_.tensors.size()) - 1;
  }
  int matrix(TensorType type, int columns, int rows) {
    const int index = add(type, columns, rows);
    uint8_t* out = &bytes_[spec_.tensors.back().offset];
    const float spread = 1.5f / std::sqrt(static_cast<float>(columns));
    const bool uniform = random_.integer(0, 1) == 0;
    if (type == TensorType::Q2_0) {
      for (int b = 0; b < columns / 64 * rows; b++, out += 18) {
        const uint16_t d = narrowF16(uniform ? spread : spread * static_cast<float>(random_.integer(1, 4)) / 2);
        memcpy(out, &d, 2);
        for (int i = 2; i < 18; i++) out[i] = static_cast<uint8_t>(random_.bits());
      }
      return index;
    }
    for (int i = 0; i < columns * rows; i++) {
      const float w = spread * random_.real();
      const uint16_t half = narrowF16(w);
      if (type == TensorType::F32) memcpy(out + 4 * i, &w, 4);
      else memcpy(out + 2 * i, &half, 2);
    }
    return index;
  }
  int vector(int length) {
    const int index = add(TensorType::F32, length, 1);
    for (int i = 0; i < length; i++) {
      const float w = 1 + 0.2f * random_.real();
      memcpy(&bytes_[spec_.tensors.back().offset + 4 * static_cast<size_t>(i)], &w, 4);
    }
    return index;
  }
  void norm(int from, int to, int width) {
    spec_.ops.push_back({OpKind::Norm, from, -1, -1, to, vector(width), -1, 0, 1e-5f});
  }
  void linear(int from, int to, TensorType type, int columns, int rows, bool bias) {
    const int weight = matrix(type, columns, rows);
    spec_.ops.push_back({OpKind::Linear, from, -1, -1, to, weight, bias ? vector(rows) : -1, 0, 0});
  }

  Random random_;
  std::string path_;
  ModelSpec spec_;
  std::vector<uint8_t> bytes_;
};

struct TestSpan {
  int position, rows;
  bool block;
  int firstPage;
  std::vector<int> asked;
  double temperature = 0, topP = 1;
  int top = 0;
  int causalRows = 0;
};

/** Packed as src/backend/native-request.ts packs. */
void pack(const std::vector<TestSpan>& spans, std::vector<int32_t>* ints, std::vector<double>* reals) {
  std::vector<int32_t> records, tokens, pages, heads, asked;
  for (const TestSpan& s : spans) {
    const int keyEnd = s.position + s.rows, count = roundUp(keyEnd, kPage) / kPage;
    records.insert(records.end(), {s.rows, s.position, s.block ? 1 : 0, keyEnd, count,
                                   s.asked.empty() ? -1 : static_cast<int>(heads.size() / 7), s.causalRows});
    for (int r = 0; r < s.rows; r++) tokens.push_back((s.firstPage * 31 + (s.position + r) * 17) % 700);
    for (int p = 0; p < count; p++) pages.push_back(s.firstPage + p);
    if (s.asked.empty()) continue;
    heads.insert(heads.end(), {static_cast<int>(s.asked.size()), 5, 0, 99, 1, s.top, 1});
    asked.insert(asked.end(), s.asked.begin(), s.asked.end());
    reals->insert(reals->end(), {s.temperature, s.topP});
  }
  *ints = {static_cast<int>(spans.size()), static_cast<int>(tokens.size()), static_cast<int>(pages.size()),
           static_cast<int>(heads.size() / 7), static_cast<int>(asked.size())};
  for (const auto* part : {&records, &tokens, &pages, &heads, &asked})
    ints->insert(ints->end(), part->begin(), part->end());
}

/** Everything a forward answers, in one vector. */
std::vector<float> run(Model& model, const std::vector<TestSpan>& spans, bool* finished = nullptr) {
  std::vector<int32_t> ints;
  std::vector<double> reals;
  pack(spans, &ints, &reals);
  Request request;
  readRequest(ints.data(), ints.size(), reals.data(), reals.size(), model.limits(), &request);
  const size_t rows = request.asked.size(), tops = static_cast<size_t>(request.topEntries);
  std::vector<int32_t> tokens(rows), topTokens(tops);
  std::vector<float> real(3 * rows), topReal(tops), logits(rows * 700);
  const bool done =
      model.forward().run(request, {tokens.data(), real.data(), real.data() + rows, real.data() + 2 * rows,
                                    topTokens.data(), topReal.data(), logits.data()});
  if (finished != nullptr) *finished = done;
  std::vector<float> all(tokens.begin(), tokens.end());
  all.insert(all.end(), topTokens.begin(), topTokens.end());
  for (const auto* part : {&real, &topReal, &logits}) all.insert(all.end(), part->begin(), part->end());
  return all;
}

std::vector<int> range(int first, int end) {
  std::vector<int> all;
  for (int i = first; i < end; i++) all.push_back(i);
  return all;
}

const Model::Progress kQuiet = [](uint64_t, uint64_t) {};

/** A prompt without head, then mixed spans of three sequences. */
std::vector<float> script(Model& model) {
  run(model, {{0, 50, false, 0, {}}});
  return run(model, {{50, 3, false, 0, range(0, 3), 0.8, 1, 3},
                     {0, 20, true, 3, {1, 7, 19}},
                     {0, 33, true, 6, range(0, 33), 1.1, 0.9, 20, 9}});
}

void sameBitsEverywhere() {
  for (uint32_t seed = 1; seed <= 3; seed++) {
    const TinyModel tiny(seed);
    std::vector<float> expected;
    for (const std::string& isa : instructionSets()) {
      for (const int threads : {1, 2, 3}) {
        Model model(tiny.spec(isa, threads), kQuiet);
        const std::vector<float> found = script(model);
        if (expected.empty()) expected = found;
        CHECK(sameBits(found, expected));
        for (const Forward::Cut cut : {Forward::Cut::Alone, Forward::Cut::ByTasks, Forward::Cut::ByRows}) {
          model.forward().always(cut);
          CHECK(sameBits(script(model), expected));  // nothing of the last forward matters
        }
      }
    }
  }
}

/** Rows enough for three threads to share; other bits than the stored head, on every machine the same. */
void requantisedHeads() {
  const TinyModel tiny(10, 256);
  Model stored(tiny.spec("", 1), kQuiet);
  const std::vector<float> before = script(stored);
  for (const TensorType type : {TensorType::Q8_0, TensorType::Q6_K, TensorType::Q4_0}) {
    std::vector<float> expected;
    for (const std::string& isa : instructionSets()) {
      for (const int threads : {1, 3}) {
        ModelSpec spec = tiny.spec(isa, threads);
        spec.headType = type;
        uint64_t done = 0, total = 0;
        Model model(spec, [&](uint64_t d, uint64_t t) { done = d, total = t; });
        CHECK(model.weightBytes() - stored.weightBytes() == tensorBytes(type, 256, 700));
        CHECK(done == total && total > tensorBytes(type, 256, 700));
        const std::vector<float> found = script(model);
        if (expected.empty()) expected = found;
        CHECK(sameBits(found, expected) && !sameBits(found, before));
      }
    }
  }
}

void batchesAndAskedRows() {
  const TinyModel tiny(4);
  Model model(tiny.spec("", 2), kQuiet);
  const std::vector<TestSpan> spans = {{0, 20, true, 0, {3}}, {0, 1, false, 3, {0}}, {0, 12, false, 6, {0, 11}}};
  const auto logits = [&](const std::vector<TestSpan>& some) {
    const std::vector<float> all = run(model, some);
    size_t rows = 0;
    for (const TestSpan& s : some) rows += s.asked.size();
    return std::vector<float>(all.end() - static_cast<long>(700 * rows), all.end());
  };
  std::vector<float> alone;
  for (const TestSpan& s : spans) {
    const std::vector<float> part = logits({s});
    alone.insert(alone.end(), part.begin(), part.end());
  }
  CHECK(sameBits(logits(spans), alone));
  // Rows that nobody asks about cannot matter to those that somebody does.
  TestSpan whole = spans[0];
  whole.asked = range(0, 20);
  const std::vector<float> every = logits({whole});
  CHECK(memcmp(&every[3 * 700], alone.data(), 700 * sizeof(float)) == 0);
}

void severalModelsAtOnce() {
  const TinyModel tiny(5), other(6);
  Model reference(tiny.spec("", 1), kQuiet);
  const std::vector<float> expected = script(reference);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&, i] {
      Model model((i == 2 ? other : tiny).spec("", 2), kQuiet);
      for (int round = 0; round < 3; round++) {
        const std::vector<float> found = script(model);
        if (i < 2 && !sameBits(found, expected)) wrong++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

void aborting() {
  const TinyModel tiny(7);
  for (int i = 0; i < 12; i++) {
    Model model(tiny.spec("", i % 4 == 0 ? 1 : 3), kQuiet);
    if (i % 4 > 0) model.forward().always(static_cast<Forward::Cut>(i % 4 - 1));
    std::thread other([&] { model.forward().abort(); });
    bool finished = true;
    for (int round = 0; round < 2000 && finished; round++) run(model, {{0, 40, true, 0, {39}}}, &finished);
    other.join();
    CHECK(!finished);
  }
}

void progress() {
  const TinyModel tiny(8);
  uint64_t last = 0, total = 0;
  bool ascending = true;
  const Model model(tiny.spec("", 2), [&](uint64_t done, uint64_t of) {
    ascending = ascending && done > last;
    last = done;
    total = of;
  });
  CHECK(ascending && last == total && total > 0);
  CHECK(model.weightBytes() >= total && model.kvBytes() == 12u * 2 * 2 * 32 * 2 * 10 * 2);
}

template <class Body>
std::string codeOf(const Body& body) {
  try {
    body();
    return "";
  } catch (const Failure& failure) {
    return failure.code;
  }
}

void badModels() {
  const TinyModel tiny(9);
  const auto load = [&](const auto& change) {
    ModelSpec spec = tiny.spec("", 1);
    change(spec);
    return codeOf([&] { Model model(spec, kQuiet); });
  };
  CHECK(load([](ModelSpec&) {}) == "");
  CHECK(load([](ModelSpec& s) { s.isa = "avx9000"; }) == "config_invalid");
  CHECK(load([](ModelSpec& s) { s.path = "/nowhere/model.gguf"; }) == "file_not_found");
  CHECK(load([](ModelSpec& s) { s.tensors[3].bytes -= 1; }) == "tensor_shape_mismatch");
  CHECK(load([](ModelSpec& s) { s.tensors[2].columns += 32; }) == "tensor_shape_mismatch");
  CHECK(load([](ModelSpec& s) { s.tensors.back().offset += 1; }) == "gguf_invalid");
  CHECK(load([](ModelSpec& s) { s.tensors[1].offset = ~uint64_t{0} - 5; }) == "gguf_invalid");
  CHECK(load([](ModelSpec& s) { s.headType = TensorType::Q6_K; }) == "type_does_not_fit");
  CHECK(load([](ModelSpec& s) { s.pages = 1 << 30, s.contextLength = 1 << 20; }) != "");
}

/** A request with any number changed is refused or means something; it never reaches outside. */
void badRequests() {
  std::vector<int32_t> ints;
  std::vector<double> reals;
  pack({{50, 3, false, 0, range(0, 3), 0.8, 1, 3}, {0, 20, true, 3, {1, 7, 19}}}, &ints, &reals);
  const Limits limits = {64, 12, 96, 700, 16};
  Request request;
  const auto read = [&](const std::vector<int32_t>& packed) {
    const std::vector<int32_t> exact(packed);  // so that reading past the end is seen
    return codeOf([&] { readRequest(exact.data(), exact.size(), reals.data(), reals.size(), limits, &request); });
  };
  CHECK(read(ints) == "");
  for (size_t length = 0; length < ints.size(); length++)
    CHECK(read(std::vector<int32_t>(ints.begin(), ints.begin() + static_cast<long>(length))) == "invalid_request");
  Random random(30);
  for (int i = 0; i < 20000; i++) {
    std::vector<int32_t> changed = ints;
    const int32_t any[] = {static_cast<int32_t>(random.bits()), random.integer(-2, 130), INT32_MIN, INT32_MAX};
    const int32_t value = any[i % 4];
    changed[static_cast<size_t>(random.integer(0, static_cast<int>(ints.size()) - 1))] = value;
    if (read(changed) != "") continue;
    for (const Span& span : request.spans)
      CHECK(span.firstRow >= 0 && span.firstRow + span.rows <= 64 && span.position + span.rows <= span.keyEnd &&
            span.keyEnd <= 96);
    for (const int32_t token : request.tokens) CHECK(token >= 0 && token < 700);
    for (const int32_t page : request.pages) CHECK(page >= 0 && page < 12);
    for (const AskedRow& row : request.asked)
      CHECK(row.row >= 0 && row.row < static_cast<int>(request.tokens.size()) && row.suppress < 700);
  }
}

}  // namespace

int main() {
  test("same bits on every instruction set, with any number of threads", sameBitsEverywhere);
  test("same bits with a requantised head", requantisedHeads);
  test("same bits alone and together, whatever else is asked", batchesAndAskedRows);
  test("several models at once", severalModelsAtOnce);
  test("a forward can be stopped", aborting);
  test("progress and sizes", progress);
  test("models that cannot be loaded", badModels);
  test("requests packed wrongly", badRequests);
  return finish();
}
