// SPDX-License-Identifier: MIT
// What a detached payload writes: a file of lines, each with its time, kept small by turning over.
//
//   2026-01-02T03:04:05.678901234Z F a whole line
//   2026-01-02T03:04:05.678901234Z P the beginning of one whose rest comes later
//
// (The form that container runtimes use; so the bytes can be had back exactly.)
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace nsbox::box {

inline constexpr off_t log_size = 10 << 20;  // bytes of one file; two older ones are kept
inline constexpr const char* log_names[] = {"log", "log.1", "log.2"};

/// 2026-01-02T03:04:05.678901234Z
std::string time_text(int64_t realtime_ns);
/// The same read back; also without the fraction. False when it is none.
bool parse_time(std::string_view text, int64_t& realtime_ns);
int64_t realtime_now();

class LogWriter {
 public:
  explicit LogWriter(const Fd& entry) : entry_(entry) {}
  /// False (with errno) when nothing could be written (a full disk): the payload goes on, and the next line
  /// that can be written says how much was lost before it.
  bool write(std::string_view bytes);

 private:
  bool turn_over();
  bool append(const std::string& lines);
  bool aside_ = false;    // the older files are put aside for the next one already
  bool partial_ = false;  // the last line is to be gone on with
  uint64_t lost_ = 0;  // bytes of output since the last line that could be written
  int lost_for_ = 0;   // errno
  const Fd& entry_;
  Fd file_;
  off_t size_ = 0;
};

/// One line of a log.
struct LogLine {
  int64_t realtime_ns = 0;
  bool whole = true;  // else its rest comes in the next one
  std::string_view text;
};
/// Takes the first line off `rest`; false when there is no finished one.
bool next_line(std::string_view& rest, LogLine& line);

}  // namespace nsbox::box
