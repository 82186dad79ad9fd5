// SPDX-License-Identifier: MIT
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "run/state.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

Outcome write_proc(ChildState& state, const char* path, const char* text) {
  const int fd = open_proc(state, path, O_WRONLY);
  if (fd < 0) return failed("openat2");
  const Outcome outcome = write_once(fd, text, strlen(text)) ? done : failed("write");
  close(fd);
  return outcome;
}

}  // namespace

Outcome run(const WaitGate&, ChildState& state) {
  Record record;
  ssize_t n;
  do n = recv(state.channel, &record, sizeof record, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0) return failed("recvfrom");
  if (n != sizeof record || record.kind != Record::Kind::gate) return failed("recvfrom", Why::launcher_gone);
  return done;
}

Outcome run(const DenySetgroups&, ChildState& state) { return write_proc(state, "self/setgroups", "deny"); }

Outcome run(const MapSelf& step, ChildState& state) {
  char text[64], back[64];
  char* end = put_number(text, step.extent.inside);
  end = put_number(put_text(end, " "), step.extent.outside);
  put_number(put_text(end, " "), step.extent.count);
  const int fd = open_proc(state, step.group ? "self/gid_map" : "self/uid_map", O_RDWR);
  if (fd < 0) return failed("openat2");
  Outcome outcome = done;
  if (!write_once(fd, text, strlen(text))) outcome = failed("write");
  else if (const ssize_t n = pread(fd, back, sizeof back, 0); n <= 0) outcome = failed("pread64", n < 0 ? Why::call : Why::map_not_taken, errno);
  close(fd);
  return outcome;
}

Outcome run(const SetOomScore& step, ChildState& state) {
  char text[24];
  put_number(text, step.value);
  return write_proc(state, "self/oom_score_adj", text);
}

Outcome run(const SetExecLabel& step, ChildState& state) {
  char path[64], now[4096];
  put_text(put_text(path, "self/attr/"), step.file);
  const Outcome written = write_proc(state, path, step.words);
  if (written.failed()) return written;
  const int fd = open_proc(state, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("openat2");
  const ssize_t n = read(fd, now, sizeof now - 1);
  close(fd);
  if (n < 0) return failed("read");
  now[n] = 0;
  const size_t length = strlen(step.label);
  // AppArmor says the mode after the name.
  return strncmp(now, step.label, length) == 0 && (now[length] == 0 || now[length] == ' ' || now[length] == '\n') ? done : failed("read", Why::readback);
}

Outcome run(const BecomeInside& step, ChildState&) {
  if (step.joined) {
    constexpr uid_t unmapped = 65534;  // the kernel's overflow id (/proc/sys/kernel/overflowuid)
    const bool user = getuid() == unmapped, group = getgid() == unmapped;
    // Refused where the namespace has `setgroups: deny`: there the kernel keeps the caller's groups.
    if (syscall(SYS_setgroups, 0, nullptr) < 0 && errno != EPERM) return failed("setgroups");
    if (group && syscall(SYS_setresgid, 0, 0, 0) < 0) return failed("setresgid");
    if (user && syscall(SYS_setresuid, 0, 0, 0) < 0) return failed("setresuid");
    return done;
  }
  if (step.groups && syscall(SYS_setgroups, 0, nullptr) < 0) return failed("setgroups");
  if (syscall(SYS_setresgid, 0, 0, 0) < 0) return failed("setresgid");
  if (syscall(SYS_setresuid, 0, 0, 0) < 0) return failed("setresuid");
  return done;
}

Outcome run(const WatchLauncher&, ChildState& state) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed("prctl");
  // It may have died before: getppid() says nothing, it is 0 in a new pid namespace anyway.
  struct pollfd poll_launcher = {state.launcher, POLLIN, 0};
  if (poll(&poll_launcher, 1, 0) < 0) return failed("poll");
  if (poll_launcher.revents) return failed("poll", Why::launcher_gone);
  return done;
}

Outcome run(const ClearDumpable&, ChildState&) { return prctl(PR_SET_DUMPABLE, 0) < 0 ? failed("prctl") : done; }

Outcome run(const NewTimeNamespace& step, ChildState& state) {
  if (unshare(CLONE_NEWTIME) < 0) return failed("unshare");
  if (step.monotonic_ns || step.boottime_ns) {
    char text[128];
    char* end = text;
    const auto line = [&](const char* clock, int64_t ns) {
      int64_t seconds = ns / 1'000'000'000, rest = ns % 1'000'000'000;
      if (rest < 0) seconds--, rest += 1'000'000'000;
      end = put_number(put_text(end, clock), seconds);
      end = put_text(put_number(put_text(end, " "), rest), "\n");
    };
    line("monotonic ", step.monotonic_ns);
    line("boottime ", step.boottime_ns);
    const Outcome outcome = write_proc(state, "self/timens_offsets", text);
    if (outcome.failed()) return outcome;
  }
  if (step.share)
    if (const Outcome outcome = share_namespace(state, NsType::time); outcome.failed()) return outcome;
  if (!step.enter) return done;
  const int fd = openat(state.slot(Slot::proc), "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("openat");
  const Outcome outcome = setns(fd, CLONE_NEWTIME) < 0 ? failed("setns") : done;
  close(fd);
  return outcome;
}

Outcome run(const SetHostname& step, ChildState&) {
  return syscall(SYS_sethostname, step.name, strlen(step.name)) < 0 ? failed("sethostname") : done;
}
Outcome run(const SetDomainname& step, ChildState&) {
  return syscall(SYS_setdomainname, step.name, strlen(step.name)) < 0 ? failed("setdomainname") : done;
}

Outcome run(const LoopbackUp&, ChildState&) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  struct ifreq request = {};
  put_text(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const Outcome outcome = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? failed("ioctl") : done;
  close(fd);
  return outcome;
}

Outcome run(const WriteSysctl& step, ChildState& state) {
  char path[256];
  if (strlen(step.path) > sizeof path - 8) return failed("write", Why::too_long);
  put_text(put_text(path, "sys/"), step.path);
  return write_proc(state, path, step.value);
}

}  // namespace nsbox
