// Mapped memory on POSIX systems; see memory.h.
#include "memory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "failure.h"

namespace unmask {

Region::Region(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    throw Failure("out_of_memory", "The system refused " + std::to_string(bytes >> 20) +
                                       " MiB of memory. Use a smaller model, fewer K/V pages or a shorter context.");
  }
#ifdef MADV_HUGEPAGE
  if (bytes >= size_t{2} << 20) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  data_ = data;
}

Region::Region(Region&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Region& Region::operator=(Region&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

MappedFile::MappedFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) {
    const std::string why = strerror(errno);
    if (file >= 0) close(file);
    throw Failure("file_not_found", "Cannot open the model file " + path + ": " + why + ".");
  }
  size_ = static_cast<size_t>(info.st_size);
  void* data = mmap(nullptr, size_ == 0 ? 1 : size_, PROT_READ, MAP_PRIVATE, file, 0);
  const std::string why = strerror(errno);
  close(file);
  if (data == MAP_FAILED) throw Failure("out_of_memory", "Cannot map the model file " + path + ": " + why + ".");
  data_ = static_cast<const uint8_t*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_ == 0 ? 1 : size_);
}

void MappedFile::release(size_t offset, size_t bytes) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = (offset + page - 1) / page * page, end = (offset + bytes) / page * page;
  if (begin < end) madvise(const_cast<uint8_t*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace unmask
