// SPDX-License-Identifier: MIT
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "run/state.hpp"
#include "sys/process.hpp"

namespace nsbox {

bool send_record(int channel, Record record, int fd) {
  struct iovec data = {&record, sizeof record};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t n;
  do n = sendmsg(channel, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(sizeof record);
}

int receive_record(int channel, Record& record, int& fd, int flags) {
  struct iovec data = {&record, sizeof record};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  fd = -1;
  ssize_t n;
  do n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | flags);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return static_cast<int>(n);
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  if (n == static_cast<ssize_t>(sizeof record)) return 1;
  errno = EPROTO;
  return -1;
}

Outcome run(const NewTerminal& step, ChildState& state) {
  const int master = openat(state.slot(step.devpts), "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
  if (master < 0) return failed("openat");
  int unlock = 0;
  if (ioctl(master, TIOCSPTLCK, &unlock) < 0) return failed("ioctl");
  // By descriptor: the path of the other side is in hands that may not be ours.
  const int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return failed("ioctl");
  struct stat info;
  if (fstat(slave, &info) < 0) return failed("fstat");
  if (!S_ISCHR(info.st_mode) || major(info.st_rdev) < 136 || major(info.st_rdev) > 143) return failed("fstat", Why::not_a_device);
  state.slot(Slot::tty) = slave;
  if (!send_record(state.channel, {Record::Kind::terminal, 0}, master)) return failed("sendmsg");
  close(master);
  state.close_slot(step.devpts);
  return done;
}

Outcome share_namespace(ChildState& state, NsType type) {
  char path[64];
  put_text(put_text(path, "self/ns/"), file_for_children(type));
  const int fd = openat(state.slot(Slot::proc), path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("openat");
  const Outcome outcome = send_record(state.channel, {Record::Kind::shared, static_cast<int32_t>(shared_of(type))}, fd) ? done : failed("sendmsg");
  close(fd);
  return outcome;
}

/// Only this process can look: it can't be traced, and time's is not made before the clone.
Outcome run(const ShareNamespaces&, ChildState& state) {
  state.page->looked_up.uid = getuid();  // until a name says another
  state.page->looked_up.gid = getgid();
  for (const NsInfo& each : ns_types) {
    const Outcome outcome = share_namespace(state, each.type);
    if (outcome.failed()) return outcome;
  }
  return done;
}

/// By a short name in the folder that is meant: no path is walked, and none is too long for it.
Outcome run(const OfferSocket& step, ChildState& state) {
  const struct sockaddr_un address = {AF_UNIX, "notify"};
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  if (fchdir(state.slot(step.slot)) < 0) return failed("fchdir");
  if (bind(fd, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) < 0) return failed("bind");
  if (chdir("/") < 0) return failed("chdir");
  const Outcome outcome = send_record(state.channel, {Record::Kind::notify, 0}, fd) ? done : failed("sendmsg");
  close(fd);
  return outcome;
}

Outcome run(const ShareRuleset&, ChildState& state) {
  return send_record(state.channel, {Record::Kind::shared, static_cast<int32_t>(Shared::ruleset)}, state.slot(Slot::ruleset)) ? done : failed("sendmsg");
}

namespace {

bool is_refusal(int error) { return error == ENOSYS || error == EPERM; }
/// Of a call about keys without arguments: a kernel that has it answers EFAULT.
bool refused(long call) { return syscall(call, nullptr, nullptr, nullptr, 0, 0) < 0 && is_refusal(errno); }

}  // namespace

/// The caller's keys must not be searched from inside. A kernel without keys refuses, and so may a filter that
/// the payload inherits; that is enough when nothing else leads to them.
Outcome run(const NewKeyring&, ChildState&) {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return done;
  const int error = errno;
  const bool no_keys = is_refusal(error) && refused(SYS_add_key) && refused(SYS_request_key);
  return no_keys ? done : failed("keyctl", Why::call, error);
}

Outcome run(const NewSession&, ChildState&) { return setsid() < 0 ? failed("setsid") : done; }

Outcome run(const TakeTerminal&, ChildState& state) {
  return ioctl(state.slot(Slot::tty), TIOCSCTTY, 0) < 0 ? failed("ioctl") : done;
}

Outcome run(const OwnGroup&, ChildState& state) {
  if (setpgid(0, 0) < 0) return failed("setpgid");
  const int terminal = state.slot(Slot::tty) >= 0 ? state.slot(Slot::tty) : state.terminal;
  const pid_t group = static_cast<pid_t>(syscall(SYS_getpid));
  if (terminal >= 0 && ioctl(terminal, TIOCSPGRP, &group) < 0) return failed("ioctl");
  return done;
}

Outcome run(const UseStdio& step, ChildState& state) {
  for (int fd = 0; fd < 3; fd++) {
    int source = state.stdio[fd];
    if (source < 0 && step.terminal && !state.stdio_kept[fd]) source = state.slot(Slot::tty);
    if (source == -2) source = 1;  // `stderr: stdout`, and that one is inherited
    if (source == -1 || source == fd) continue;
    if (dup2(source, fd) < 0) return failed("dup2");
  }
  return done;
}

Outcome run(const SealInit&, ChildState& state) {
  if (prctl(PR_SET_DUMPABLE, 0) < 0) return failed("prctl");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("prctl");
  const uint64_t kill = uint64_t{1} << CAP_KILL;
  uint64_t permitted, effective, inheritable;
  if (sys::capget(permitted, effective, inheritable) < 0) return failed("capget");
  if (sys::capset(permitted & kill, permitted & kill, 0) < 0) return failed("capset");
  // Nothing of the host stays open in a process that the payload shares a pid namespace with.
  const auto channel = static_cast<unsigned>(state.channel);
  if (channel > 0 && sys::close_range(0, channel - 1, 0) < 0) return failed("close_range");
  if (sys::close_range(channel + 1, ~0u, 0) < 0) return failed("close_range");
  return done;
}

}  // namespace nsbox
