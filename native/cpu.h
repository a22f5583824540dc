// What this machine has: instruction sets and processors.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace unmask {

/** Names of the instruction sets that this CPU runs, best first; "scalar" is always the last. */
std::vector<std::string> instructionSets();

/** The kernels of an instruction set by name, or the best for "". Throws Failure config_invalid. */
const Kernels* kernelsFor(const std::string& isa);

/** Processors this process may use. */
int usableCpus();

/** Physical cores behind them, at most what a container's quota allows; the default number of threads. */
int physicalCores();

}  // namespace unmask
