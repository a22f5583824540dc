// What the machine can do at most, by loops that do nothing else: the lines that measurements are compared with.
#pragma once

#include "kernels.h"

namespace unmask {

/** 1e9 a second, over all threads; a multiply-add counts as two operations. */
struct Peaks {
  double int8Gops;
  double floatGops;
  double readGBs;  // memory far beyond the caches
};

/** Takes about half a second, and half a GiB for the while. Throws Failure out_of_memory. */
Peaks measurePeaks(const Kernels& kernels, int threads);

}  // namespace unmask
