// SPDX-License-Identifier: MIT
// The strict readers of single values: what is read can be printed, and reads as the same again.
#include "fields/scalars.hpp"
#include "fuzz.hpp"

using namespace nsbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  int64_t number = 0, again = 0;
  uint64_t bytes = 0, bytes_again = 0;
  if (parse_integer(text, number)) fuzz::require(parse_integer(std::to_string(number), again) && again == number, "integer", text);
  if (parse_size(text, bytes)) fuzz::require(parse_size(print_size(bytes), bytes_again) && bytes_again == bytes, "size", text + " " + print_size(bytes));
  if (parse_duration(text, number)) fuzz::require(parse_duration(print_duration(number), again) && again == number, "duration", text + " " + print_duration(number));
  std::string path;
  if (resolve_host_path(text, "/work", "/home/alice", path)) fuzz::require(path.starts_with('/'), "host path", text);
  fuzz::require(utf8_error(escape(text)) == std::string::npos, "escape", text);
  for (const char c : escape(text)) fuzz::require(static_cast<uint8_t>(c) >= 0x20 && c != 0x7f, "escape", text);
  fuzz::require(normal_path(normal_path(text)) == normal_path(text), "normal_path", text);
  return 0;
}
