// SPDX-License-Identifier: MIT
// The launcher's steps for the child that waits at the gate.
#include <linux/mount.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <cstdio>

#include "run/session.hpp"
#include "sys/mount.hpp"
#include "sys/namespace.hpp"

namespace nsbox {
namespace {

/// `resolve` 0 follows what /proc/PID/ns holds: links that no path leads through.
int open_of_child(Session& session, const char* file, int flags, uint64_t resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS) {
  char path[64];
  snprintf(path, sizeof path, "%d/%s", session.child_pid, file);
  return sys::openat2(session.child.slot(Slot::proc), path, static_cast<uint64_t>(flags), resolve);
}

}  // namespace

Outcome run(const DenySetgroups&, Session& session) {
  const Fd fd = Fd::adopt(open_of_child(session, "setgroups", O_WRONLY));
  if (!fd) return failed("openat2");
  return write_once(fd.number(), "deny", 4) ? done : failed("write");
}

Outcome run(const WriteIdMap& step, Session& session) {
  std::string text;
  for (const Extent& extent : step.extents)
    text += std::to_string(extent.inside) + ' ' + std::to_string(extent.outside) + ' ' + std::to_string(extent.count) + '\n';
  const Fd fd = Fd::adopt(open_of_child(session, step.group ? "gid_map" : "uid_map", O_RDWR));
  if (!fd) return failed("openat2");
  if (!write_once(fd.number(), text.data(), text.size())) return failed("write");
  char back[64];
  const ssize_t n = pread(fd.number(), back, sizeof back, 0);
  return n > 0 ? done : n < 0 ? failed("pread64") : failed("pread64", Why::map_not_taken);
}

Outcome run(const RunIdMapper& step, Session& session) {
  std::vector<std::string> words{step.program, std::to_string(session.child_pid)};
  for (const Extent& extent : step.extents)
    for (const uint32_t number : {extent.inside, extent.outside, extent.count}) words.push_back(std::to_string(number));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return failed("pipe2");
  Fd reading = Fd::adopt(ends[0]), writing = Fd::adopt(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, writing.number(), 2);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  char* environment[] = {nullptr};
  sigset_t mine;
  if (sigprocmask(SIG_SETMASK, nullptr, &mine) < 0) return failed("rt_sigprocmask");
  const int error = posix_spawn(&pid, step.program, &actions, &attributes, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  // posix_spawn blocks signals meanwhile and does not look whether it could.
  if (sigprocmask(SIG_SETMASK, &mine, nullptr) < 0) return failed("rt_sigprocmask");
  if (error) return failed("execve", Why::call, error);
  writing.reset();
  char* detail = session.child.page->detail;
  size_t have = 0;
  for (;;) {  // its own words, for the message
    const ssize_t n = read(reading.number(), detail + have, sizeof session.child.page->detail - 1 - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read");
    if (n == 0) break;
    have += static_cast<size_t>(n);
    if (have == sizeof session.child.page->detail - 1) break;
  }
  detail[have] = 0;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return failed("wait4");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return failed("wait4", Why::helper_failed);
  detail[0] = 0;
  const Fd fd = Fd::adopt(open_of_child(session, step.group ? "gid_map" : "uid_map", O_RDONLY));
  if (!fd) return failed("openat2");
  char back[64];
  const ssize_t n = read(fd.number(), back, sizeof back);
  return n > 0 ? done : n < 0 ? failed("read") : failed("read", Why::map_not_taken);
}

Outcome run(const OpenUserNamespace& step, Session& session) {
  const int fd = open_of_child(session, "ns/user", O_RDONLY, 0);
  session.child.slot(step.slot) = fd;
  return fd < 0 ? failed("openat2") : done;
}

Outcome run(const MapTree& step, Session& session) {
  Fd below;
  int fd = session.child.slot(step.slot);
  if (step.below) {
    below = Fd::adopt(sys::openat2(fd, step.below, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    if (!below) return failed("openat2");
    fd = below.number();
  }
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(session.child.slot(step.user_namespace));
  const unsigned flags = AT_EMPTY_PATH | (step.recursive ? 0x8000u /* AT_RECURSIVE */ : 0u);
  if (syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof attributes) == 0) return done;
  return step.optional && errno == EINVAL ? done : failed("mount_setattr");
}

Outcome run(const PinNamespace& step, Session& session) {
  Fd space;
  if (step.type == NsType::time) {  // is made by the child only after the clone
    Record record;
    int fd = -1;
    if (receive_record(session.channel.number(), record, fd, 0) <= 0 || fd < 0) return failed("recvmsg", Why::call, EPIPE);
    space = Fd::adopt(fd);
  } else {
    const std::string file = std::string("ns/") + file_for_children(step.type);
    space = Fd::adopt(open_of_child(session, file.c_str(), O_RDONLY, 0));
    if (!space) return failed("openat2");
  }
  Fd place = Fd::adopt(open(step.path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place && errno == ENOENT) {
    const std::string path = step.path, name = path.substr(path.rfind('/') + 1);
    const Fd folder = Fd::adopt(open(path.substr(0, path.size() - name.size()).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return failed("openat");
    if (const Outcome outcome = make_on_host(session, folder.number(), path, name, S_IFREG | 0444); outcome.failed()) return outcome;
    place = Fd::adopt(open(step.path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!place) return failed("openat");
  struct statfs type;
  if (fstatfs(place.number(), &type) < 0) return failed("fstatfs");
  if (type.f_type == NSFS_MAGIC) return failed("fstatfs", Why::already_pinned, EEXIST);
  const Fd tree = Fd::adopt(sys::open_tree(space.number(), "", true, false));
  if (!tree) return failed("open_tree");
  struct stat info;
  if (fstat(space.number(), &info) < 0) return failed("newfstatat");
  Kept::Pin& pin = session.kept->pins[static_cast<size_t>(step.type)];  // noted before, for who has to undo it
  if (strlen(step.path) >= sizeof pin.path) return failed("move_mount", Why::too_long);
  put_text(pin.path, step.path);
  pin.space.store(info.st_ino);
  return sys::move_mount(tree.number(), place.number(), "") < 0 ? failed("move_mount") : done;
}

Outcome run(const ClearDumpable&, Session&) { return prctl(PR_SET_DUMPABLE, 0) < 0 ? failed("prctl") : done; }

Outcome run(const OpenGate&, Session& session) {
  return send_record(session.channel.number(), {Record::Kind::gate, 0}) ? done : failed("sendmsg");
}

}  // namespace nsbox
