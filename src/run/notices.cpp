// SPDX-License-Identifier: MIT
#include "run/notices.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sys/clock.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

bool is_passed_on(std::string_view line) {
  if (line == "READY=1" || line == "STOPPING=1" || line == "WATCHDOG=1") return true;
  return line.starts_with("STATUS=") && std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
}

/// One message of the command's; the descriptors that came with it are let go.
ssize_t take_message(int socket, char* text, size_t size, int flags) {
  struct iovec data = {text, size};
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;  // and no room for descriptors: the kernel closes them
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  while (n < 0 && errno == EINTR);
  return n;
}

constexpr int64_t patience_ns = 1'000'000'000;

/// Until the supervisor has shut its end: then what is there is read, and no more is waited for.
[[noreturn]] void read_all(int socket, int channel, pid_t supervisor) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor) _exit(1);
  char text[4096], out[notice_size];
  for (bool last = false;;) {
    struct pollfd fds[] = {{socket, POLLIN, 0}, {channel, POLLRDHUP, 0}};
    if (!last && poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      _exit(1);
    }
    last = last || fds[1].revents;
    const ssize_t n = take_message(socket, text, sizeof text, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN && last) _exit(0);
    if (n < 0 && errno == EAGAIN) continue;
    if (n < 0) _exit(1);
    const size_t size = passed_on({text, static_cast<size_t>(n)}, out);
    while (size && send(channel, out, size, MSG_NOSIGNAL) < 0)
      if (errno != EINTR) _exit(1);  // the supervisor is gone
  }
}

}  // namespace

size_t passed_on(std::string_view message, char* out) {
  size_t size = 0;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (!is_passed_on(line) || size + line.size() + 1 > notice_size) continue;
    memcpy(out + size, line.data(), line.size());
    size += line.size();
    out[size++] = '\n';
  }
  return size;
}

bool Notices::begin(Fd socket) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return false;
  channel_ = Fd::adopt(pair[0]);
  const Fd other = Fd::adopt(pair[1]);
  const pid_t own = getpid();
  reader_ = fork();
  if (reader_ == 0) {
    // Two descriptors are all that it has; the others are the supervisor's, who lives by their ends.
    if (dup2(socket.number(), 0) < 0 || dup2(other.number(), 1) < 0 || sys::close_range(2, ~0u, 0) < 0) _exit(1);
    read_all(0, 1, own);
  }
  return reader_ > 0;
}

ssize_t Notices::receive(const std::function<void(std::string_view)>& take) {
  char text[notice_size];
  ssize_t n;
  do n = recv(channel_.number(), text, sizeof text, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n > 0) take({text, static_cast<size_t>(n)});
  return n;
}

bool Notices::read(const std::function<void(std::string_view)>& take) {
  const ssize_t n = receive(take);
  if (n > 0 || (n < 0 && errno == EAGAIN)) return true;
  if (n == 0) errno = EPIPE;
  channel_.reset();
  return false;
}

bool Notices::finish(const std::function<void(std::string_view)>& take) {
  if (number() < 0) return true;
  if (shutdown(channel_.number(), SHUT_WR) < 0) return false;
  for (const int64_t until = sys::monotonic_ns() + patience_ns; sys::monotonic_ns() < until;) {
    struct pollfd more = {channel_.number(), POLLIN, 0};
    if (poll(&more, 1, static_cast<int>((until - sys::monotonic_ns()) / 1'000'000 + 1)) < 0 && errno != EINTR) return false;
    const ssize_t n = receive(take);
    if (n < 0 && errno != EAGAIN) return false;
    if (n != 0) continue;
    int status = 0;
    while (waitpid(reader_, &status, 0) < 0)
      if (errno != EINTR) return false;
    reader_ = -1;
    errno = EPIPE;
    return status == 0;
  }
  return true;
}

Notices::~Notices() {
  if (reader_ <= 0) return;
  kill(reader_, SIGKILL);
  while (waitpid(reader_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace nsbox
