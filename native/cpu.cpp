// CPUID, /sys and cgroups; see cpu.h.
#include "cpu.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "failure.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace unmask {

namespace {

#if defined(__x86_64__)

/** Not every compiler's __builtin_cpu_supports knows these two. */
bool hasF16c() {
  unsigned a, b, c = 0, d;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool hasAvxVnni() {
  unsigned a = 0, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & 1u << 4) != 0;
}

/** Whether there is AMX for bytes and the system lets this process use it, which it has to be asked for. */
bool hasAmx() {
#if defined(__linux__)
  unsigned a = 0, b, c, d = 0, states, high;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d >> 24 & 3) != 3) return false;  // TILE and INT8
  __asm__ volatile("xgetbv" : "=a"(states), "=d"(high) : "c"(0));
  constexpr unsigned kTileStates = 3u << 17;
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return (states & kTileStates) == kTileStates && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

/** The tables of kernels that this CPU runs, best first. */
std::vector<const Kernels*> tables() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !hasF16c()) return {scalar::kernels()};
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vnni");
  static const bool tiles = avx512 && amx::kernels() != nullptr && hasAmx();
  std::vector<const Kernels*> found;
  if (tiles) found.push_back(amx::kernels());
  if (avx512) found.push_back(avx512::kernels());
  if (hasAvxVnni() && avxvnni::kernels() != nullptr) found.push_back(avxvnni::kernels());
  else if (avx512) found.push_back(vnni256::kernels());
  found.push_back(avx2::kernels());
  found.push_back(scalar::kernels());
  return found;
}

#else

std::vector<const Kernels*> tables() { return {scalar::kernels()}; }

#endif

}  // namespace

std::vector<std::string> instructionSets() {
  std::vector<std::string> names;
  for (const Kernels* table : tables()) names.push_back(table->isa);
  return names;
}

const Kernels* kernelsFor(const std::string& isa) {
  std::string known;
  for (const Kernels* table : tables()) {
    if (isa.empty() || isa == table->isa) return table;
    known += (known.empty() ? "" : ", ") + std::string(table->isa);
  }
  throw Failure("config_invalid",
                "Instruction set '" + isa + "' is unknown or this CPU lacks it. It has " + known + ".");
}

#if defined(__linux__)

namespace {

std::vector<int> affinity() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

/** Processors' worth of time that the cgroup (version 2, else 1) grants, or a large number. */
int quota() {
  const auto read = [](const char* path, auto&... values) {
    std::ifstream file(path);
    return static_cast<bool>((file >> ... >> values));
  };
  double limit = 0, period = 0;  // "max" is no number, and -1 no limit
  if (!read("/sys/fs/cgroup/cpu.max", limit, period) &&
      !(read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", limit) && read("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period)))
    return 1 << 20;
  if (limit <= 0 || period <= 0) return 1 << 20;
  return std::max(1, static_cast<int>(limit / period + 0.5));
}

}  // namespace

int usableCpus() {
  const int cpus = static_cast<int>(affinity().size());
  return std::max(1, std::min(cpus > 0 ? cpus : static_cast<int>(std::thread::hardware_concurrency()), quota()));
}

int physicalCores() {
  std::set<std::string> cores;
  for (const int cpu : affinity()) {
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    std::string siblings;
    if (!std::getline(file, siblings)) return usableCpus();
    cores.insert(siblings);
  }
  return std::max(1, std::min(static_cast<int>(cores.size()), usableCpus()));
}

#else

int usableCpus() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

int physicalCores() {
#if defined(__APPLE__)
  int cores = 0;
  size_t size = sizeof cores;
  // Performance cores where there are two kinds.
  for (const char* name : {"hw.perflevel0.physicalcpu", "hw.physicalcpu"})
    if (sysctlbyname(name, &cores, &size, nullptr, 0) == 0 && cores > 0) return cores;
#endif
  return usableCpus();
}

#endif

}  // namespace unmask
