// What the C++ tests share: named tests, a check that says where and what, repeatable random numbers.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmath>
#include <vector>

#include "cpu.h"
#include "half.h"
#include "random.h"

namespace unmask {

inline int& failures() {
  static int count = 0;
  return count;
}

inline void report(const char* file, int line, const char* what) {
  if (++failures() <= 20) printf("%s:%d: %s\n", file, line, what);
}

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) unmask::report(__FILE__, __LINE__, #condition); \
  } while (false)

/** Runs a test and prints its name. */
template <class Test>
void test(const char* name, const Test& body) {
  const int before = failures();
  body();
  printf("%s %s\n", failures() == before ? "ok    " : "FAILED", name);
}

inline int finish() { return failures() == 0 ? 0 : 1; }

class Random {
 public:
  explicit Random(uint32_t seed) : seed_(seed) {}
  uint32_t bits() { return hash(seed_, next_++, 0); }
  int integer(int least, int most) {
    return least + static_cast<int>(bits() % static_cast<uint32_t>(most - least + 1));
  }
  /** Roughly normal. */
  float real() {
    float sum = 0;
    for (int i = 0; i < 4; i++) sum += static_cast<float>(bits() >> 8) * 0x1p-24f - 0.5f;
    return 1.7f * sum;
  }
  std::vector<float> reals(size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = real();
    return values;
  }

 private:
  uint32_t seed_, next_ = 0;
};

inline bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * (1 + std::abs(b)); }

/** The kernels of every instruction set this CPU has. */
inline std::vector<const Kernels*> allKernels() {
  std::vector<const Kernels*> all;
  for (const std::string& isa : instructionSets()) all.push_back(kernelsFor(isa));
  return all;
}

}  // namespace unmask
