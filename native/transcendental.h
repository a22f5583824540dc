// exp and log in double precision, our own, so that no C library decides the bits.
// Good to a few units in the last place, which is far more than the f32 results need.
#pragma once

#include <stdint.h>
#include <string.h>

namespace unmask {

/** e^x for x <= 0 and -infinity; 0 below -700 and for NaN. */
inline double exponentialOf(double x) {
  if (!(x > -700.0)) return 0.0;
  const double n = static_cast<double>(static_cast<int64_t>(x * 1.4426950408889634 - 0.5));
  const double r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  double p = 1.0;
  for (int i = 14; i > 0; i--) p = 1.0 + p * r / i;
  const uint64_t bits = static_cast<uint64_t>(static_cast<int64_t>(n) + 1023) << 52;
  double power;
  memcpy(&power, &bits, 8);
  return p * power;
}

/** Natural logarithm of a positive normal number. */
inline double logarithmOf(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffull) | (1023ull << 52);
  double m;
  memcpy(&m, &bits, 8);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const double s = (m - 1.0) / (m + 1.0), square = s * s;
  double sum = 0.0;
  for (int i = 27; i > 0; i -= 2) sum = sum * square + 1.0 / i;
  return 2.0 * s * sum + static_cast<double>(exponent) * 0.69314718055994530942;
}

}  // namespace unmask
