// SPDX-License-Identifier: MIT
#include "box/log.hpp"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace nsbox::box {

int64_t realtime_now() {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::string time_text(int64_t realtime_ns) {
  const time_t seconds = realtime_ns / 1'000'000'000;
  struct tm parts;
  gmtime_r(&seconds, &parts);
  char text[40], fraction[24];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(fraction, sizeof fraction, ".%09uZ", static_cast<unsigned>(realtime_ns % 1'000'000'000));
  return std::string(text) + fraction;
}

bool parse_time(std::string_view text, int64_t& realtime_ns) {
  static constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() < shape.size() + 1 || text.back() != 'Z') return false;
  text.remove_suffix(1);
  for (size_t i = 0; i < shape.size(); i++)
    if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) return false;
  const auto number = [&](size_t at, size_t digits) { return atoi(std::string(text.substr(at, digits)).c_str()); };
  struct tm parts = {};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  if (parts.tm_mon > 11 || parts.tm_mon < 0 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60 || parts.tm_year < 0 || parts.tm_year > 300) return false;
  int64_t fraction = 0, unit = 100'000'000;
  std::string_view rest = text.substr(shape.size());
  if (!rest.empty()) {
    if (rest[0] != '.' || rest.size() < 2 || rest.size() > 10) return false;
    for (const char c : rest.substr(1)) {
      if (c < '0' || c > '9') return false;
      fraction += (c - '0') * unit;
      unit /= 10;
    }
  }
  struct tm day = {};
  day.tm_year = parts.tm_year;
  day.tm_mon = parts.tm_mon;
  day.tm_mday = parts.tm_mday;
  timegm(&day);
  if (day.tm_mday != parts.tm_mday) return false;  // the 31st of April is none
  realtime_ns = static_cast<int64_t>(timegm(&parts)) * 1'000'000'000 + fraction;
  return true;
}

bool LogWriter::turn_over() {
  file_.reset();
  if (!aside_) {  // once for each new file, however often that is tried
    renameat(entry_.number(), log_names[1], entry_.number(), log_names[2]);
    renameat(entry_.number(), log_names[0], entry_.number(), log_names[1]);
    aside_ = true;
  }
  Fd next = Fd::adopt(openat(entry_.number(), log_names[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info;
  if (!next || fstat(next.number(), &info) < 0) return false;
  size_ = info.st_size;  // not 0 where the old one could not be put aside
  file_ = std::move(next);
  aside_ = false;
  return true;
}

bool LogWriter::append(const std::string& lines) {
  if ((!file_ || size_ + static_cast<off_t>(lines.size()) > log_size) && !turn_over()) return false;
  if (!sys::write_all(file_.number(), lines.data(), lines.size())) {
    const int error = errno;
    if (ftruncate(file_.number(), size_) < 0) file_.reset();  // no half a line; else the next one goes into a file of its own
    errno = error;
    return false;
  }
  size_ += static_cast<off_t>(lines.size());
  return true;
}

bool LogWriter::write(std::string_view bytes) {
  const std::string now = time_text(realtime_now());
  std::string lines;
  if (lost_ > 0) {
    if (partial_) lines += now + " F \n";
    lines += now;
    lines += " F nsbox: here ";
    lines += std::to_string(lost_);
    lines += " bytes of output are lost: ";
    lines += strerror(lost_for_);
    lines += '\n';
  }
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t end = rest.find('\n');
    lines += now + (end == rest.npos ? " P " : " F ");
    lines += rest.substr(0, end);
    lines += '\n';
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  if (!append(lines)) {
    lost_ += bytes.size();
    lost_for_ = errno;
    return false;
  }
  lost_ = 0;
  if (!lines.empty()) partial_ = !bytes.empty() && bytes.back() != '\n';
  return true;
}

bool next_line(std::string_view& rest, LogLine& line) {
  const size_t end = rest.find('\n');
  if (end == rest.npos) return false;
  std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  line = {};
  const size_t space = text.find(' ');
  if (space != text.npos && space + 2 < text.size() && parse_time(text.substr(0, space), line.realtime_ns) && text[space + 2] == ' ') {
    line.whole = text[space + 1] == 'F';
    text.remove_prefix(space + 3);
  }
  line.text = text;
  return true;
}

}  // namespace nsbox::box
