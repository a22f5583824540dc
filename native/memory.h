// Memory that is mapped, not allocated: big zeroed regions, and model files read in place.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <string>

namespace unmask {

/** Zeroed, page-aligned memory, on huge pages where the system grants them. */
class Region {
 public:
  Region() = default;
  /** Throws Failure out_of_memory. */
  explicit Region(size_t bytes);
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;
  ~Region();

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

/** A whole file, mapped for reading. It must not shrink while it is mapped. */
class MappedFile {
 public:
  /** Throws Failure file_not_found or out_of_memory. */
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  /** Drops whole pages of the range from memory; reading them again maps them again. */
  void release(size_t offset, size_t bytes) const;

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace unmask
