// What goes wrong in native code and is the user's to know: a code of src/util/errors.ts and a message.
#pragma once

#include <stdexcept>
#include <string>

namespace unmask {

struct Failure : std::runtime_error {
  Failure(std::string code, const std::string& message) : std::runtime_error(message), code(std::move(code)) {}
  std::string code;
};

}  // namespace unmask
