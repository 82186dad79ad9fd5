// SPDX-License-Identifier: MIT
// What is read back of a named sandbox: its state, its log, and what its command says at its socket.
#include "box/log.hpp"
#include "fields/json.hpp"
#include "fields/scalars.hpp"
#include "fuzz.hpp"
#include "run/notices.hpp"

using namespace nsbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const std::optional<Node> node = from_json(text)) {
    const std::string once = to_json(*node);
    const std::optional<Node> again = from_json(once);
    fuzz::require(again && to_json(*again) == once, "state", once);
  }
  std::string_view rest = text;
  box::LogLine line;
  while (box::next_line(rest, line)) {
    int64_t again = -1;
    if (line.realtime_ns >= 0) fuzz::require(box::parse_time(box::time_text(line.realtime_ns), again) && again == line.realtime_ns, "time", box::time_text(line.realtime_ns));
  }
  char out[notice_size], twice[notice_size];
  const size_t length = passed_on(text, out);
  fuzz::require(length <= notice_size && passed_on({out, length}, twice) == length, "notice", std::string(out, length));
  return 0;
}
