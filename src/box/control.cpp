// SPDX-License-Identifier: MIT
#include "box/control.hpp"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.hpp"

namespace nsbox::box {
namespace {

constexpr size_t most_descriptors = 1 + shared_count;
constexpr int patience_ms = 5000;

/// The folder by descriptor: its path may be longer than an address.
struct sockaddr_un address_in(const Fd& entry) {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", entry.number());
  return address;
}

struct Message {
  size_t size = 0;
  struct ucred sender = {-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  std::array<Fd, most_descriptors> fds;
  size_t count = 0;
};

bool receive(int socket, void* data, size_t size, Message& out) {
  struct iovec part = {data, size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * most_descriptors)];
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  out.size = static_cast<size_t>(n);
  for (struct cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) memcpy(&out.sender, CMSG_DATA(header), sizeof out.sender);
    if (header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      Fd owned = Fd::adopt(fd);
      if (out.count < most_descriptors) out.fds[out.count++] = std::move(owned);
    }
  }
  return !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC));
}

bool send(int socket, const void* data, size_t size, const int* fds, size_t count) {
  struct iovec part = {const_cast<void*>(data), size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  ssize_t n;
  do n = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(size);
}

bool names_senders(int socket) {
  const int on = 1;
  return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
}

}  // namespace

Fd make_control(const Fd& entry, const char*& call) {
  call = "socket";
  Fd control = Fd::adopt(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!control) return {};
  call = "setsockopt";
  if (!names_senders(control.number())) return {};
  call = "bind";
  const struct sockaddr_un address = address_in(entry);
  if (bind(control.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) < 0) return {};
  return control;
}

void read_control(const Fd& control, const std::function<void(const Request&, int)>& answer) {
  Request request;
  Message message;
  if (!receive(control.number(), &request, sizeof request, message)) return;
  if (message.size != sizeof request || request.version != 1 || message.count != 1) return;
  if (message.sender.uid != geteuid()) return;
  answer(request, message.fds[0].number());
}

void send_answer(int reply, const Known& known, int plan, const std::array<Fd, shared_count>& shared) {
  Known told = known;
  int fds[most_descriptors];
  size_t count = 0;
  told.shared = 0;
  if (plan >= 0) {
    fds[count++] = plan;
    for (size_t i = 0; i < shared_count; i++) {
      if (!shared[i]) continue;
      told.shared |= 1u << i;
      fds[count++] = shared[i].number();
    }
  }
  send(reply, &told, sizeof told, fds, count);
}

std::string ask(const Sandbox& sandbox, const Request& request, Answer& out) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return std::string("socketpair: ") + error_words(errno);
  const Fd own = Fd::adopt(pair[0]);
  Fd other = Fd::adopt(pair[1]);
  if (!names_senders(own.number())) return std::string("setsockopt: ") + error_words(errno);
  const Fd client = Fd::adopt(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const struct sockaddr_un address = address_in(sandbox.entry);
  const int number = other.number();
  if (!client || connect(client.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) < 0) return std::string("its supervisor can't be reached: connect: ") + error_words(errno);
  if (!send(client.number(), &request, sizeof request, &number, 1)) return std::string("its supervisor can't be reached: sendmsg: ") + error_words(errno);
  other.reset();
  // End of file here is the supervisor's death (or its refusal); it never keeps anybody waiting.
  struct pollfd fds[] = {{own.number(), POLLIN, 0}, {sandbox.holder.pidfd.number(), POLLIN, 0}};
  int ready;
  do ready = poll(fds, 2, request.kind == Request::Kind::wait ? -1 : patience_ms);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return "its supervisor's answer: poll: " + error_words(errno);
  if (ready == 0) return "its supervisor (pid " + std::to_string(sandbox.holder.pid) + ") does not answer; is it stopped?";
  Message message;
  // What it has said before its end counts.
  errno = ECONNRESET;  // of an end of file
  if (!receive(own.number(), &out.known, sizeof out.known, message)) return errno == EAGAIN ? "it has ended" : "it has ended, or refuses: recvmsg: " + error_words(errno);
  if (message.sender.pid != sandbox.holder.pid) return "the answer is not from its supervisor, but from process " + std::to_string(message.sender.pid);
  if (message.size != sizeof out.known || out.known.version != 1) return "its supervisor is of another version of nsbox";
  size_t at = 0;
  if (at < message.count) out.plan = std::move(message.fds[at++]);
  for (size_t i = 0; i < shared_count && at < message.count; i++)
    if (out.known.shared >> i & 1) out.shared[i] = std::move(message.fds[at++]);
  return "";
}

}  // namespace nsbox::box
