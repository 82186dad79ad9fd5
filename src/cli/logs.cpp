// SPDX-License-Identifier: MIT
// logs: what a detached sandbox has written, byte for byte.
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cstdio>
#include <deque>

#include "base/text.hpp"
#include "box/log.hpp"
#include "cli/command.hpp"
#include "cli/named.hpp"
#include "fields/scalars.hpp"

namespace nsbox {
namespace {

struct Wanted {
  int64_t since_ns = 0;
  int64_t tail = -1;  // lines; -1: all
  bool times = false;
};

class Printer {
 public:
  explicit Printer(const Wanted& wanted) : wanted_(wanted) {}

  /// Takes what a file has more; false when standard output is gone.
  bool take(std::string& text) {
    std::string_view rest = text;
    box::LogLine line;
    while (box::next_line(rest, line)) {
      if (line.realtime_ns >= wanted_.since_ns) {
        if (wanted_.times && begins_) held_ += box::time_text(line.realtime_ns) + " ";
        held_ += line.text;
        if (line.whole) held_ += '\n';
      }
      begins_ = line.whole;
      if (!begins_) continue;
      lines_.push_back(std::move(held_));
      held_.clear();
      if (wanted_.tail >= 0 && !following_ && static_cast<int64_t>(lines_.size()) > wanted_.tail) lines_.pop_front();
      if (wanted_.tail < 0 || following_) print();
    }
    text.erase(0, text.size() - rest.size());
    return !ferror(stdout);
  }
  /// From here on everything is printed at once.
  void follow() {
    // An unfinished last line is one of those that were asked for.
    if (!held_.empty() && wanted_.tail == 0) held_.clear();
    else if (!held_.empty() && static_cast<int64_t>(lines_.size()) == wanted_.tail) lines_.pop_front();
    print();
    following_ = true;
    flush();
  }
  void flush() {
    fwrite(held_.data(), 1, held_.size(), stdout);
    held_.clear();
    fflush(stdout);
  }

 private:
  void print() {
    for (const std::string& each : lines_) fwrite(each.data(), 1, each.size(), stdout);
    lines_.clear();
  }
  const Wanted& wanted_;
  std::deque<std::string> lines_;
  std::string held_;  // the beginning of a line
  bool begins_ = true, following_ = false;
};

/// One file of a log, which may still grow.
struct Reading {
  Fd file;
  std::string text;  // of an unfinished line

  bool more(Printer& printer) {
    char buffer[65536];
    for (;;) {
      const ssize_t n = file ? read(file.number(), buffer, sizeof buffer) : 0;
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return true;
      text.append(buffer, static_cast<size_t>(n));
      if (!printer.take(text)) return false;
    }
  }
};

bool same_file(const Fd& a, const Fd& b) {
  struct stat one, other;
  return a && b && fstat(a.number(), &one) == 0 && fstat(b.number(), &other) == 0 && one.st_ino == other.st_ino;
}

Fd open_log(const box::Sandbox& sandbox, const char* name) { return Fd::adopt(openat(sandbox.entry.number(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)); }

/// Until the sandbox has ended and everything is read.
int follow(const box::Sandbox& sandbox, Reading& reading, Printer& printer) {
  const Fd changes = Fd::adopt(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string folder = "/proc/self/fd/" + std::to_string(sandbox.entry.number());
  if (!changes || inotify_add_watch(changes.number(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) return say("following the log: " + because("inotify_add_watch")), 2;
  printer.follow();
  for (bool ended = !sandbox.holder.pid;;) {
    if (!reading.more(printer)) return 0;
    printer.flush();
    if (Fd now = open_log(sandbox, box::log_names[0]); now && !same_file(now, reading.file)) {
      reading.file = std::move(now);  // it has been turned over, and the old one is read to its end
      continue;
    }
    if (ended) return 0;
    struct pollfd fds[] = {{changes.number(), POLLIN, 0}, {sandbox.holder.pidfd.number(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return 2;
    char events[4096];
    while (read(changes.number(), events, sizeof events) > 0) {
    }
    ended = fds[1].revents != 0;
  }
}

}  // namespace

int run_logs(const Arguments& arguments) {
  const Command& command = *find_command("logs");
  Wanted wanted;
  wanted.times = arguments.has("timestamps");
  if (const std::string tail = arguments.value("tail"); arguments.has("tail") && (!parse_integer(tail, wanted.tail) || wanted.tail < 0))
    return usage_error(command, "--tail takes a number of lines, not '" + escape(tail) + "'");
  if (arguments.has("since")) {
    const std::string since = arguments.value("since");
    int64_t ago = 0;
    if (parse_duration(since, ago) && ago >= 0) wanted.since_ns = box::realtime_now() - ago;
    else if (!box::parse_time(since, wanted.since_ns)) return usage_error(command, "--since takes a duration like 10m, or a time like 2026-01-02T03:04:05Z, not '" + escape(since) + "'");
  }
  box::States states;
  if (!open_states(states)) return 2;
  const std::optional<box::Sandbox> sandbox = find_sandbox(states, arguments.operands[0]);
  if (!sandbox) return 2;
  Printer printer(wanted);
  Reading reading;
  for (int i = static_cast<int>(std::size(box::log_names)) - 1; i >= 0; i--) {
    Fd file = open_log(*sandbox, box::log_names[i]);
    if (!file) continue;
    reading.file = std::move(file);
    if (!reading.more(printer)) return 0;
  }
  if (arguments.has("follow")) return follow(*sandbox, reading, printer);
  printer.follow();
  return 0;
}

}  // namespace nsbox
