// SPDX-License-Identifier: MIT
// While the payload runs: its end, signals, time limits, and the terminal between it and the caller.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <optional>

#include "run/notices.hpp"
#include "run/session.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

constexpr size_t own_descriptors = 5, most_watches = 4;

class Supervisor final : public Reins {
 public:
  Supervisor(Session& session, const LaunchOptions& options, LaunchResult& result)
      : session_(session), options_(options), result_(result), rules_(session.plan.supervision) {
    stop_timeout_ns = rules_.stop_timeout_ns;
    input_open_ = !options.detached;
  }

  void run() {
    if (session_.terminal) use_terminal();
    // To be woken by the exec costs a switch of processes; who waits for the end alone is told of it then.
    const bool idle = !rules_.init && rules_.terminal == TerminalKind::none && !rules_.timeout_ns && !rules_.notify && !options_.namespaces && !options_.on_executed;
    while (!reaped_ && !lost_) {
      struct pollfd fds[own_descriptors + most_watches] = {{session_.signals.number(), POLLIN, 0},
                                             {channel_open_ && !idle ? session_.channel.number() : -1, POLLIN, 0},
                                             {session_.terminal && output_open_ ? session_.terminal.number() : -1, POLLIN, 0},
                                             {session_.terminal && input_open_ ? 0 : -1, POLLIN, 0},
                                             {result_.executed ? notices_.number() : -1, POLLIN, 0}};  // init may be slower to say so than the command
      const size_t watches = options_.watches ? options_.watches->size() : 0;
      for (size_t i = 0; i < watches; i++) fds[own_descriptors + i] = {(*options_.watches)[i].fd, POLLIN, 0};
      if (poll(fds, own_descriptors + watches, wait_ms()) < 0) {
        if (errno != EINTR) lose("poll", "the sandbox");
        continue;
      }
      if (fds[2].revents) copy_output();
      if (fds[3].revents) copy_input();
      if (fds[1].revents || (idle && channel_open_)) read_channel();
      if (fds[4].revents) read_notices();
      if (fds[0].revents) read_signals();
      for (size_t i = 0; i < watches; i++)
        if (fds[own_descriptors + i].revents) (*options_.watches)[i].ready(*this);
      check_time();
    }
    while (channel_open_ && read_channel()) {
    }
    if (result_.executed && !lost_ && !notices_.finish(take_notice_)) lose("recvfrom", "notify");
    if (session_.terminal && !lost_) drain();  // after what was lost nothing more is printed: no hole in the middle
    if (lost_) end_all();
    give_back_terminal();
  }

  void stop(int64_t timeout_ns) override {
    told_ = Reason::stopped;
    ask_to_end(timeout_ns);
  }

 private:
  /// Without this call there is no telling what becomes of the command: it must not run on unwatched.
  void lose(const char* call, const char* of) {
    if (lost_) return;
    lost_ = true;
    result_.call = call;
    result_.error = errno;
    result_.lost = of;
  }
  void end_all() {
    kill_all();
    int status = 0;
    while (!reaped_ && waitpid(session_.child_pid, &status, __WALL) < 0 && errno == EINTR) {
    }
    result_.executed = false;
  }

  // --- the end of the payload
  void reap() {
    for (;;) {
      int status = 0;
      const int flags = WNOHANG | __WALL | (rules_.init ? 0 : WUNTRACED | WCONTINUED);
      const pid_t pid = wait4(session_.child_pid, &status, flags, &result_.usage);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) lose("wait4", "the sandbox");
      if (pid <= 0) return;
      if (WIFSTOPPED(status)) {
        stopped(WSTOPSIG(status));
        continue;
      }
      if (WIFCONTINUED(status)) continue;
      reaped_ = true;
      while (channel_open_ && read_channel()) {
      }
      miss_terminal();
      if (!rules_.init && !result_.executed && !failed() && session_.child.page->executing.load()) executed();
      if (failed()) result_.executed = false;  // init gave up, and the command went with it
      if (!result_.executed) {
        if (WIFSIGNALED(status)) result_.died_of = WTERMSIG(status);
        return;
      }
      // Init says what became of the command; without a word from it, it was killed with all.
      if (!rules_.init || !have_status_) result_.wait_status = status;
      result_.reason = told_.value_or(WIFEXITED(result_.wait_status) ? Reason::exited : Reason::signal);
      return;
    }
  }

  /// Init holds its end of the channel as long as it lives, so it is on its way; else false with errno.
  bool ends() const {
    struct pollfd end = {session_.child_pidfd.number(), POLLIN, 0};
    int n;
    do n = poll(&end, 1, 5000);
    while (n < 0 && errno == EINTR);
    if (n == 0) errno = ECONNRESET;
    return n > 0;
  }

  /// It comes before the command begins: without it what the command writes would be lost.
  void miss_terminal() {
    if (rules_.terminal != TerminalKind::fresh || session_.terminal || !session_.child.page->executing.load()) return;
    errno = EPIPE;
    lose("recvmsg", "the new terminal");
  }

  bool failed() const { return session_.child.page->failed.load() != 0; }

  /// One record; false when there is none.
  bool read_channel() {
    Record record;
    int fd = -1;
    const int n = receive_record(session_.channel.number(), record, fd, MSG_DONTWAIT);
    if (n < 0) {
      // Of an init that ended before it read all: what it has said itself comes after this.
      if (errno == ECONNRESET) return true;
      if (errno != EAGAIN) lose("recvmsg", "the sandbox");
      return false;
    }
    if (n == 0) {
      channel_open_ = false;
      miss_terminal();
      if (rules_.init && !reaped_ && !ends()) lose("recvmsg", "the sandbox");
      // Without init the payload's own exec has closed the other end.
      if (!rules_.init && !failed() && session_.child.page->executing.load() && !reaped_) executed();
      return false;
    }
    switch (record.kind) {
      case Record::Kind::terminal: take_terminal(fd); break;
      case Record::Kind::executed: executed(); break;
      case Record::Kind::stopped: stopped(record.value); break;
      case Record::Kind::shared:
        if (static_cast<uint32_t>(record.value) < shared_count) result_.shared[static_cast<uint32_t>(record.value)] = Fd::adopt(fd);
        break;
      case Record::Kind::notify:
        if (!notices_.begin(Fd::adopt(fd))) lose("fork", "notify");
        break;
      case Record::Kind::exited:
        have_status_ = true;
        result_.wait_status = record.value;
        break;
      default: break;
    }
    return true;
  }

  void executed() {
    if (result_.executed) return;
    result_.executed = true;
    if (session_.kept) session_.kept->pins_stay.store(!options_.rehearsal);  // whatever becomes of this process now
    if (rules_.timeout_ns) deadline_ = sys::monotonic_ns() + rules_.timeout_ns;
    if (session_.child.terminal >= 0) job_ = tcgetpgrp(session_.child.terminal);
    if (options_.namespaces) look_at_namespaces();
    if (options_.times) result_.times.assign(session_.child.page->times, session_.child.page->times + session_.plan.steps() + 1);
    result_.looked_up = session_.child.page->looked_up;
    if (options_.on_executed) options_.on_executed(result_, session_.child_pid, *this);
  }

  void look_at_namespaces() {
    for (const NsInfo& each : ns_types)
      if (const uint64_t inode = session_.child.page->namespaces[static_cast<size_t>(each.type)]) result_.namespaces.push_back({each.file.data(), inode});
  }

  void read_notices() {
    if (!notices_.read(take_notice_)) lose("recvfrom", "notify");  // whoever waits for the command to be ready would wait for ever
  }

  // --- signals
  void send(int signal) {
    if (rules_.init) send_record(session_.channel.number(), {Record::Kind::signal, signal});
    else sys::pidfd_send_signal(session_.child_pidfd.number(), signal);
  }
  /// Init's end is the end of all; without a pid namespace only the command can be reached.
  void kill_all() { sys::pidfd_send_signal(session_.child_pidfd.number(), SIGKILL); }

  void read_signals() {
    struct signalfd_siginfo info;
    ssize_t n = 0;
    while (!reaped_ && (n = read(session_.signals.number(), &info, sizeof info)) == static_cast<ssize_t>(sizeof info)) handle(static_cast<int>(info.ssi_signo));
    if (n < 0 && errno != EAGAIN && errno != EINTR) lose("read", "signals");
  }

  void handle(int signal) {
    switch (signal) {
      case SIGCHLD: return reap();
      case SIGWINCH:
        if (session_.terminal) return copy_window_size();
        break;
      case SIGTTIN:
      case SIGTTOU: return;
      case SIGTSTP:
        if (!session_.terminal) {
          send(SIGSTOP);
          stop_self();
          send(SIGCONT);
        }
        return;
      case SIGCONT:
        if (job_ > 0 && tcgetpgrp(session_.child.terminal) == getpgrp()) tcsetpgrp(session_.child.terminal, job_);
        break;
      case SIGINT:
      case SIGTERM: {
        const int64_t now = sys::monotonic_ns();
        const bool again = last_signal_ == signal && now - last_time_ < 1'000'000'000;
        last_signal_ = signal;
        last_time_ = now;
        // Once the payload has come to execve it may be running before its init has said so: then the
        // signal is for the command, and init finds it in the channel.
        if (again || (!result_.executed && !session_.child.page->executing.load())) return kill_all();
        break;
      }
      default: break;
    }
    send(signal);
  }

  /// The job inside was stopped at the caller's terminal: stop as well, so that the shell takes over.
  void stopped(int signal) {
    if (rules_.terminal != TerminalKind::inherit || signal == SIGSTOP) return;
    if (session_.child.terminal >= 0) tcsetpgrp(session_.child.terminal, getpgrp());
    stop_self();
    if (session_.child.terminal >= 0 && tcgetpgrp(session_.child.terminal) == getpgrp() && job_ > 0) tcsetpgrp(session_.child.terminal, job_);
    send(SIGCONT);
  }

  void stop_self() {
    leave_raw();
    kill(getpid(), SIGSTOP);
    if (session_.terminal) enter_raw();
  }

  // --- time
  int wait_ms() const {
    int64_t next = deadline_;
    if (kill_at_ && (!next || kill_at_ < next)) next = kill_at_;
    if (!next) return -1;
    const int64_t left = next - sys::monotonic_ns();
    return left <= 0 ? 0 : static_cast<int>((left + 999'999) / 1'000'000 > 1'000'000 ? 1'000'000 : (left + 999'999) / 1'000'000);
  }

  void ask_to_end(int64_t timeout_ns) {
    if (!result_.executed && !session_.child.page->executing.load()) return kill_all();
    send(rules_.stop_signal);
    send(SIGCONT);
    const int64_t at = sys::monotonic_ns() + timeout_ns;
    if (!kill_at_ || at < kill_at_) kill_at_ = at;
  }

  void check_time() {
    if (reaped_) return;
    const int64_t now = sys::monotonic_ns();
    if (deadline_ && now >= deadline_) {
      deadline_ = 0;
      told_ = Reason::timeout;
      ask_to_end(rules_.stop_timeout_ns);
    }
    if (kill_at_ && now >= kill_at_) {
      kill_at_ = 0;
      kill_all();
    }
  }

  // --- the terminal
  void take_terminal(int fd) {
    session_.terminal = Fd::adopt(fd);
    use_terminal();
  }

  void use_terminal() {
    for (int fd = 0; fd < 3 && tty_ < 0 && !options_.detached; fd++)
      if (isatty(fd)) tty_ = fd;
    if (fcntl(session_.terminal.number(), F_SETFL, O_RDWR | O_NONBLOCK) < 0) return lose("fcntl", "the new terminal");  // a read would wait for ever
    copy_window_size();
    if (tty_ >= 0) {
      struct termios like;
      if (tcgetattr(tty_, &like) == 0) tcsetattr(session_.terminal.number(), TCSANOW, &like);
    }
    enter_raw();
  }
  void enter_raw() {
    if (session_.kept && tty_ >= 0 && input_open_ && isatty(0)) take_terminal_raw(*session_.kept, tty_);
  }
  void leave_raw() {
    if (session_.kept) restore_terminal(*session_.kept);
  }
  void copy_window_size() {
    struct winsize size;
    if (tty_ >= 0 && ioctl(tty_, TIOCGWINSZ, &size) == 0) ioctl(session_.terminal.number(), TIOCSWINSZ, &size);
  }

  /// Whoever reads the output may have gone, and the command goes on without; other errors lose a part of it.
  void print(const char* data, size_t size) {
    while (size > 0) {
      const ssize_t n = write(1, data, size);
      if (n > 0) {
        data += n;
        size -= static_cast<size_t>(n);
      } else if (n < 0 && errno == EAGAIN) {
        struct pollfd room = {1, POLLOUT, 0};
        poll(&room, 1, 100);
      } else if (n == 0 || errno != EINTR) {
        const int error = n == 0 ? EIO : errno;
        struct pollfd reader = {1, 0, 0};
        if (poll(&reader, 1, 0) == 1 && (reader.revents & (POLLHUP | POLLERR))) return;
        errno = error;
        return lose("write", "standard output");
      }
    }
  }

  bool copy_output() {
    char buffer[8192];
    ssize_t n;
    do n = read(session_.terminal.number(), buffer, sizeof buffer);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
      // EIO and a hang-up with nothing left to read: nobody holds the other side any more.
      const int error = errno;
      struct pollfd side = {session_.terminal.number(), POLLIN, 0};
      const bool gone = poll(&side, 1, 0) == 1 && side.revents == POLLHUP;
      errno = error;
      if (!gone) lose("read", "the new terminal");
      output_open_ = false;
      return false;
    }
    if (options_.output) options_.output(buffer, static_cast<size_t>(n));
    else print(buffer, static_cast<size_t>(n));
    return true;
  }

  void copy_input() {
    char buffer[4096];
    ssize_t n = read(0, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n < 0 && (errno != EIO || tty_ != 0)) return lose("read", "standard input");  // half of it and an end would be taken for all of it
    if (n <= 0) {  // EIO: the terminal has been hung up
      input_open_ = false;
      buffer[0] = buffer[1] = 4;  // VEOF: the other side is a terminal. Behind half a line the first one ends the line
      n = typed_ == '\n' ? 1 : 2;
    }
    typed_ = buffer[n - 1];
    for (ssize_t at = 0; at < n;) {
      const ssize_t written = write(session_.terminal.number(), buffer + at, static_cast<size_t>(n - at));
      if (written > 0) {
        at += written;
        continue;
      }
      if (errno == EIO) return;  // nobody is on the other side any more
      if (errno != EAGAIN && errno != EINTR) return lose("write", "the new terminal");
      // The input queue is full: the payload may be waiting for its own output to be taken.
      struct pollfd room = {session_.terminal.number(), POLLOUT | POLLIN, 0};
      poll(&room, 1, 100);
      if (room.revents & POLLIN) copy_output();
      if (room.revents & (POLLHUP | POLLERR)) return;
      struct pollfd ended = {session_.child_pidfd.number(), POLLIN, 0};
      if (poll(&ended, 1, 0) > 0) return;
    }
  }

  void drain() {
    while (output_open_ && copy_output()) {
    }
  }

  void give_back_terminal() {
    leave_raw();
    if (session_.child.terminal >= 0) tcsetpgrp(session_.child.terminal, getpgrp());
  }

  Session& session_;
  Notices notices_;
  const std::function<void(std::string_view)> take_notice_ = [this](std::string_view lines) {
    if (options_.on_notice) options_.on_notice(lines, *this);
  };
  const LaunchOptions& options_;
  LaunchResult& result_;
  const Supervision& rules_;
  bool reaped_ = false, lost_ = false, channel_open_ = true, have_status_ = false;
  std::optional<Reason> told_;  // why the end was asked for
  bool output_open_ = true, input_open_ = true;
  char typed_ = '\n';  // the last byte
  int tty_ = -1;
  pid_t job_ = -1;  // the payload's process group, in the caller's numbers
  int64_t deadline_ = 0, kill_at_ = 0;
  int last_signal_ = 0;
  int64_t last_time_ = 0;
};

}  // namespace

void supervise(Session& session, const LaunchOptions& options, LaunchResult& result) { Supervisor(session, options, result).run(); }

}  // namespace nsbox
