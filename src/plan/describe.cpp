// SPDX-License-Identifier: MIT
// Long, because it is a dictionary: one entry for each step of the vocabulary.
#include "plan/describe.hpp"

#include <sys/mount.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstring>

#include "base/capabilities.hpp"
#include "filter/names.hpp"
#include "filter/policy.hpp"
#include "sys/landlock.hpp"

namespace nsbox {
namespace {

using Calls = std::vector<std::string>;

std::string place(const At& at) {
  const std::string path = at.path ? at.path : "";
  if (at.base == Slot::root) return "/" + path;
  if (at.base == Slot::staging) return "staging:" + path;
  if (at.base == Slot::tty) return "the new terminal";
  return "#" + std::to_string(static_cast<int>(at.base)) + (path.empty() ? "" : ":" + path);
}

std::string slot(Slot slot) {
  switch (slot) {
    case Slot::root: return "root";
    case Slot::staging: return "staging";
    case Slot::tty: return "tty";
    case Slot::proc: return "proc";
    default: return "#" + std::to_string(static_cast<int>(slot));
  }
}

std::string octal(uint32_t mode) {
  char text[16];
  snprintf(text, sizeof text, "%04o", mode);
  return text;
}

/// Calls that reach the folder of a place: none where the way is nsbox's own.
bool walks_to_folder(const At& at) { return !at.own && at.path && std::string_view(at.path).find('/') != std::string_view::npos; }
Calls around_folder(const At& at, Calls middle) {
  if (!walks_to_folder(at)) return middle;
  middle.insert(middle.begin(), "openat2");
  middle.push_back("close");
  return middle;
}

std::string extents_words(std::span<const Extent> extents) {
  std::string out;
  for (const Extent& extent : extents)
    out += (out.empty() ? "" : ", ") + std::to_string(extent.inside) + ":" + std::to_string(extent.outside) + ":" + std::to_string(extent.count);
  return out;
}

template <class T>
std::string list_words(std::span<const T> items) {
  std::string out;
  for (const T& item : items) {
    if constexpr (std::is_same_v<T, Str>) {
      if (item) out += (out.empty() ? "" : " ") + std::string(item);
    } else {
      out += (out.empty() ? "" : " ") + std::to_string(item);
    }
  }
  return out;
}

std::string path_words(Str path, Str below) { return std::string(path) + (!below ? "" : path[1] ? "/" : "") + (below ? below : ""); }

/// Calls that open a source.
Calls open_calls(Str below) { return below ? Calls{"openat2", "openat2", "close"} : Calls{"openat"}; }

// --- launcher ------------------------------------------------------------------------------------
StepText text(const OpenProc&) { return {"open_proc", "/proc", {}, {"openat", "fstatfs", "fstat"}, "every later write to /proc goes through this descriptor, never through a path that the payload could have made"}; }
StepText text(const MapReport&) { return {"map_report", "", {}, {"mmap"}, "child and payload write there how far they are; it works under any filter and is gone with exec"}; }
StepText text(const OpenChannel&) { return {"open_channel", "", {}, {"socketpair"}, "the gate, and what init has to tell; end of file means that the other side is dead"}; }
StepText text(const OpenSelf&) { return {"open_self", "", {}, {"getpid*", "pidfd_open"}, "by this descriptor the child can see whether the launcher is still there"}; }
StepText text(const StartKeeper&) { return {"start_keeper", "", {}, {"mmap", "prctl", "prctl", "clone3", "prctl*"}, "a process beside this one that takes away what `create: host` made, and pins before the command's start, and restores the terminal, should this one be killed"}; }
StepText text(const TakeSignals&) { return {"take_signals", "", {}, {"openat2", "read", "close", "rt_sigaction*", "umask", "rt_sigprocmask", "signalfd4"}, "no signal may interrupt the set-up half way; they are read from a descriptor"}; }
StepText text(const CheckPassed& s) { return {"check_passed", list_words(s.fds), {}, Calls(s.fds.size(), "fcntl"), "a descriptor that is not there would be taken by one of nsbox's own"}; }
StepText text(const RaiseFiles& s) { return {"raise_files", std::to_string(s.count), {}, {"prlimit64", "prlimit64*"}, "all trees are held by descriptors at once; the payload gets the caller's limit again"}; }
StepText text(const ParentDeath&) { return {"parent_death", "TERM", {}, {"getppid", "prctl", "getppid"}, "die_with_parent: the kernel sends it when the parent is gone; asked twice, for it may be gone already"}; }
StepText text(const OpenStdio& s) {
  static constexpr const char* names[] = {"stdin", "stdout", "stderr"};
  if (s.flags == -1) return {"open_stdio", names[s.fd], {{"same_as", "stdout"}}, {}, "the same open file, so that what both write does not overlap"};
  return {"open_stdio", names[s.fd], {{"path", path_words(s.path, s.below)}}, open_calls(s.below), "opened on the host, as the caller"};
}
StepText text(const OpenNamespace& s) {
  if (s.pid) return {"open_namespace", "pid:" + std::to_string(s.pid), {{"file", s.path}}, {"pidfd_open", "openat2", "read", "close", "openat", "poll", "ioctl"}, "by descriptor, and only from the process that was meant: a number may have been given away again"};
  return {"open_namespace", s.path, {{"type", namespace_words(static_cast<uint64_t>(s.type))}}, {"openat", "ioctl"}, "opened before anything is entered: afterwards the path may lead elsewhere"};
}
StepText text(const OpenShared& s) {
  return {"open_shared", std::string("sandbox:") + s.sandbox, {{"what", shared_words(s.what)}}, {"…"}, "from the sandbox's own supervisor, by descriptor: no number, no path and nothing that the payload could have made"};
}
StepText text(const OpenTree& s) {
  StepText out{"open_tree", path_words(s.path, s.below), {{"slot", slot(s.slot)}}, {}, "a detached copy of the tree, checked to be what the plan was made for"};
  if (s.recursive && s.copy) out.details.emplace_back("recursive", "true");
  if (s.below) out.calls = {"openat2", "openat2", "close", "open_tree", "close"};
  else out.calls = {"open_tree"};
  if (s.identity.inode || s.identity.rdev) out.calls.push_back("fstat");
  if (!s.copy) out.why = "a layer of an overlay, by descriptor";
  if (s.below) out.why = "it lies below a folder that the payload can write, so no link on the way is followed";
  return out;
}
StepText text(const OpenImage& s) {
  return {"open_image", s.path, {{"slot", slot(s.slot)}, {"fstype", s.type}}, {"openat", "fstat", "openat", "ioctl", "openat", "ioctl", "fsopen", "fsconfig", "fsconfig*", "fsmount", "close", "close", "close", "close"}, "a loop device that goes away with the mount"};
}
StepText text(const OpenFile& s) { return {"open_file", path_words(s.path, s.below), {{"slot", slot(s.slot)}}, open_calls(s.below), "its content is copied into the sandbox"}; }
StepText text(const MakeOnHost& s) {
  return {s.folder ? "make_folder_on_host" : "make_file_on_host", path_words(s.path, s.below), {}, {"openat2", "fcntl", "fstat", "mkdirat*", "mknodat*", "fstat*", "openat2*", "close*"}, "asked for by `create: host`; taken away at the end when it is empty"};
}
StepText text(const OpenTerminal&) { return {"open_terminal", "/dev/ptmx", {}, {"openat", "ioctl", "ioctl"}, "the sandbox has no /dev/pts of its own"}; }

StepText text(const SetNamespace& s) { return {"setns", namespace_words(static_cast<uint64_t>(s.type)), {{"slot", slot(s.slot)}}, {"setns"}, "from here on this process is in it"}; }
StepText text(const Clone& s) {
  StepText out{"clone", namespace_words(s.flags), {}, {"clone3"}, "the new process is the first in each of these namespaces"};
  if (s.joiner) out.details.emplace_back("by", "joiner");
  return out;
}

StepText text(const DenySetgroups&) { return {"deny_setgroups", "", {}, {"openat2", "write", "close"}, "or a process could drop a group to which a file's mode denies access (CVE-2014-8989)"}; }
StepText text(const WriteIdMap& s) { return {s.group ? "write_gid_map" : "write_uid_map", extents_words(s.extents), {}, {"openat2", "write", "pread64", "close"}, "inside:outside:count; a map can be written once, and is read back"}; }
StepText text(const RunIdMapper& s) { return {s.group ? "run_newgidmap" : "run_newuidmap", extents_words(s.extents), {{"program", s.program}}, {"…"}, "ids other than the caller's own: the host's helper checks them against /etc/subuid"}; }
StepText text(const OpenUserNamespace& s) { return {"open_user_namespace", "", {{"slot", slot(s.slot)}}, {"openat2"}, "the idmapped mounts take their map from it"}; }
StepText text(const MapTree& s) {
  StepText out{"map_tree", slot(s.slot), {}, {"mount_setattr"}, "the files' owners are seen through the sandbox's id map, on this mount alone"};
  if (s.below) out.object += std::string(":") + s.below, out.calls = {"openat2", "mount_setattr", "close"};
  if (s.recursive) out.details.emplace_back("recursive", "true");
  return out;
}
StepText text(const PinNamespace& s) { return {"pin_namespace", s.path, {{"type", std::string(info(s.type).name)}}, {"…"}, "a bind mount of its file keeps a namespace without any process"}; }
StepText text(const OpenGate&) { return {"open_gate", "", {}, {"sendmsg"}, "the child may go on"}; }

// --- child ---------------------------------------------------------------------------------------
StepText text(const WaitGate&) { return {"wait_gate", "", {}, {"recvfrom"}, "end of file here means that the launcher is dead"}; }
StepText text(const MapSelf& s) { return {s.group ? "write_gid_map" : "write_uid_map", extents_words({&s.extent, 1}), {}, {"openat2", "write", "pread64", "close"}, "its own single id a process may map itself, with nobody's help"}; }
StepText text(const SetOomScore& s) { return {"set_oom_score_adj", std::to_string(s.value), {}, {"openat2", "write", "close"}, "who is ended first when memory runs out; only root can lower it"}; }
StepText text(const SetExecLabel& s) { return {"set_exec_label", s.label, {{"file", s.file}}, {"openat2", "write", "close", "openat2", "read", "close"}, "the security module takes it at exec; written while /proc/self still belongs to this process"}; }
StepText text(const BecomeInside& s) {
  if (s.joined) return {"become", "0:0", {{"unless", "mapped"}}, {"getuid", "getgid", "setgroups", "setresgid*", "setresuid*"}, "the joined user namespace may not have the caller's own ids"};
  return {"become", "0:0", {}, s.groups ? Calls{"setgroups", "setresgid", "setresuid"} : Calls{"setresgid", "setresuid"}, "the caller's own ids are not in the map: what this process made would have no owner"};
}
StepText text(const WatchLauncher&) { return {"watch_launcher", "", {}, {"prctl", "poll"}, "dies with the launcher, and looks whether that has happened already"}; }
StepText text(const ClearDumpable&) { return {"clear_dumpable", "", {}, {"prctl"}, "nobody may trace this process or read its descriptors"}; }
StepText text(const SetPropagation& s) { return {"set_propagation", "/", {{"type", propagation_words(s.type)}}, {"mount"}, "before any mount, or the mounts would appear on the host as well"}; }
StepText text(const NewTimeNamespace& s) {
  StepText out{"new_time_namespace", "", {}, {"unshare"}, "entered by the next process made (or at exec); the offsets can be set until then"};
  if (s.monotonic_ns) out.details.emplace_back("monotonic_ns", std::to_string(s.monotonic_ns));
  if (s.boottime_ns) out.details.emplace_back("boottime_ns", std::to_string(s.boottime_ns));
  if (s.monotonic_ns || s.boottime_ns) out.calls.insert(out.calls.end(), {"openat2", "write", "close"});
  if (s.share) out.calls.insert(out.calls.end(), {"openat", "sendmsg", "close"});
  if (s.enter) out.calls.insert(out.calls.end(), {"openat", "setns", "close"});
  return out;
}
StepText text(const SetHostname& s) { return {"sethostname", s.name, {}, {"sethostname"}, "in its own uts namespace: the host's name stays"}; }
StepText text(const SetDomainname& s) { return {"setdomainname", s.name, {}, {"setdomainname"}, "the NIS domain, in its own uts namespace"}; }
StepText text(const LoopbackUp&) { return {"loopback_up", "lo", {}, {"socket", "ioctl", "close"}, "a new net namespace has nothing but a loopback device that is down"}; }
StepText text(const WriteSysctl& s) {
  const bool no_more = strcmp(s.path, "user/max_user_namespaces") == 0;
  return {"write_sysctl", s.path, {{"value", s.value}}, {"openat2", "write", "close"}, no_more ? "in a user namespace of its own the payload would have every capability again, and reach more of the kernel" : "of the namespace that this process is in"};
}
StepText text(const UseRoot& s) {
  if (s.slot != Slot::none) return {"use_root", slot(s.slot), {}, {"close"}, "the layer over the root is the root from here on"};
  return {"use_root", "/", {}, {"openat"}, "the caller's own tree, in a copy of its mounts"};
}
StepText text(const NewFs& s) {
  StepText out{"new_fs", s.type, {}, {"fsopen"}, "in no tree yet: it is attached when all is in it"};
  if (s.at.path) out.details.emplace_back("at", place(s.at));
  if (s.slot != Slot::none) out.details.emplace_back("slot", slot(s.slot));
  if (s.source) out.details.emplace_back("source", s.source), out.calls.push_back("fsconfig");
  for (const Option& option : s.options) out.details.emplace_back(option.key, option.value ? option.value : "true");
  if (s.attributes) out.details.emplace_back("attributes", attribute_words(s.attributes));
  if (s.at.path) {
    out.calls = s.slot == Slot::none ? Calls{"mount"} : Calls{"mount", "openat"};
    out.why = *s.at.path ? "nsbox has made every folder on the way, so no link can be among them" : "on top of / itself: no folder of the host is needed to build in";
    return out;
  }
  for (size_t i = 0; i <= s.options.size(); i++) out.calls.push_back("fsconfig");
  out.calls.insert(out.calls.end(), {"fsmount", "close"});
  return out;
}
StepText text(const NewOverlay& s) {
  StepText out{"new_overlay", "", {{"slot", slot(s.slot)}}, {"fsopen", "openat2", "fchdir", "close", "fsconfig"}, "layers are named by descriptor, so no path is looked up again"};
  for (const Slot lower : s.lower) out.details.emplace_back("lower", slot(lower));
  if (s.upper.path) {
    out.details.emplace_back("upper", place(s.upper));
    out.details.emplace_back("work", place(s.work));
    out.calls.insert(out.calls.end(), {"fsconfig", "fsconfig"});
  }
  if (s.in_user_namespace) out.calls.push_back("fsconfig");
  if (s.attributes) out.details.emplace_back("attributes", attribute_words(s.attributes));
  out.calls.insert(out.calls.end(), {"fsconfig", "fsmount", "close", "chdir"});
  return out;
}
void attribute_details(StepText& out, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive) {
  if (set) out.details.emplace_back("set", attribute_words(set));
  if (clear & ~uint64_t{MOUNT_ATTR__ATIME}) out.details.emplace_back("clear", attribute_words(clear & ~uint64_t{MOUNT_ATTR__ATIME}));
  if (propagation) out.details.emplace_back("propagation", propagation_words(propagation));
  if (recursive) out.details.emplace_back("recursive", "true");
}
StepText text(const SetAttributes& s) {
  StepText out{"mount_setattr", slot(s.slot), {}, {"mount_setattr"}, s.recursive ? "on every mount of the tree, also on those below" : "once more for this mount alone"};
  attribute_details(out, s.set, s.clear, s.propagation, s.recursive);
  return out;
}
StepText text(const Remount& s) {
  StepText out{"remount", place(s.at), {}, {"openat2", "mount_setattr", "close"}, "only what is written changes"};
  attribute_details(out, s.set, s.clear, s.propagation, s.recursive);
  return out;
}
StepText text(const Unmount& s) { return {"umount", place(s.at), {}, {"openat2", "fchdir", "close", "umount2", "chdir"}, "by descriptor: no link leads elsewhere"}; }
StepText text(const AttachRoot& s) { return {"move_mount", "/", {{"slot", slot(s.slot)}}, {"move_mount"}, "on top of / itself: no folder of the host is needed to build in"}; }
StepText text(const Attach& s) {
  StepText out{"move_mount", place(s.at), {{"slot", slot(s.slot)}}, s.at.own ? Calls{"move_mount"} : Calls{"openat2", "move_mount", "close"}, s.at.own ? "attached where nsbox itself has made the place" : "the place is walked to inside the new root: no link leads out of it"};
  if (!s.keep) out.calls.push_back("close");
  return out;
}
StepText text(const BindDevice& s) { return {"bind_device", place(s.at), {{"source", s.source}}, {"mount", "newfstatat"}, "looked at afterwards: whatever stood there is of no use unless it is that device"}; }
StepText text(const OfferSocket& s) { return {"offer_socket", "notify", {{"slot", slot(s.slot)}}, {"socket", "fchdir", "bind", "chdir", "sendmsg", "close"}, "the command tells there when it is ready; the launcher listens"}; }
StepText text(const MakeFolder& s) { return {"mkdir", place(s.at), {{"mode", octal(s.mode)}}, around_folder(s.at, {"mkdirat"}), "a mount needs a place"}; }
StepText text(const MakeFile& s) { return {"mknod", place(s.at), {{"mode", octal(s.mode)}}, around_folder(s.at, {"mknodat"}), "an empty file to mount on"}; }
StepText text(const MakeLink& s) { return {"symlink", place(s.at), {{"to", s.to}}, around_folder(s.at, {"symlinkat"}), "a link leads where it says inside, not on the host"}; }
StepText text(const WriteFile& s) {
  StepText out{"write_file", place(s.at), {{"mode", octal(s.mode)}}, {"openat"}, "made before it is attached, so nobody sees half of it"};
  if (s.from == Slot::none) out.details.emplace_back("bytes", std::to_string(s.length));
  else out.details.emplace_back("from", slot(s.from));
  if (s.from == Slot::none) out.calls.push_back("write*");
  else out.calls.insert(out.calls.end(), {"pread64*", "write*", "pread64*", "write*", "close"});
  out.calls.push_back("close");
  out.calls = around_folder(s.at, std::move(out.calls));
  return out;
}
StepText text(const ChangeOwner& s) { return {"chown", place(s.at), {{"uid", std::to_string(s.uid)}, {"gid", std::to_string(s.gid)}}, {"openat2", "fchownat", "close"}, "ids of the sandbox"}; }
StepText text(const OpenPlace& s) { return {"open_place", place(s.at), {{"slot", slot(s.slot)}}, {"openat2"}, "walked to inside the new root, and held"}; }
StepText text(const CopyTree& s) {
  StepText out{"copy_tree", place(s.at), {{"slot", slot(s.slot)}}, s.at.own ? Calls{"open_tree"} : Calls{"openat2", "open_tree", "close"}, "a second copy of what is mounted there already"};
  if (s.recursive) out.details.emplace_back("recursive", "true");
  return out;
}
StepText text(const CopyMode& s) { return {"copy_mode", place(s.at), {{"from", slot(s.from)}}, around_folder(s.at, {"fstat", "fchownat", "fchmodat"}), "the folder looks as it did"}; }
StepText text(const BindEntries& s) { return {"bind_entries", place(s.at), {{"from", slot(s.from)}}, {"openat", "…"}, "the kernel lets no new user namespace overlay a folder with mounts below it, so each entry is bound"}; }
StepText text(const NewTerminal& s) { return {"new_terminal", "", {{"devpts", slot(s.devpts)}}, {"openat", "ioctl", "ioctl", "fstat", "sendmsg", "close", "close"}, "a pty of the sandbox's own; its other side goes to the launcher by descriptor"}; }
StepText text(const PivotRoot& s) {
  StepText out{"pivot_root", "", {}, {"fchdir", "pivot_root"}, "exchanges the roots and takes the old one away with everything below; then looks that nothing is mounted over the new one"};
  for (uint32_t i = 0; i < s.covered; i++) out.calls.push_back("umount2");
  out.calls.insert(out.calls.end(), {"statx", "statx"});
  return out;
}
StepText text(const ShareNamespaces&) {
  StepText out{"share_namespaces", "", {}, {}, "to the supervisor, for `exec` and for those who join: no other process can open those of one that can't be traced"};
  out.calls = {"getuid", "getgid"};
  for (size_t i = 0; i < 8; i++) out.calls.insert(out.calls.end(), {"openat", "sendmsg", "close"});
  return out;
}
StepText text(const ForkPayload&) { return {"fork_payload", "", {}, {"clone3"}, "the command will be process 2; process 1 is nsbox"}; }
StepText text(const SealInit&) { return {"seal_init", "", {}, {"prctl", "prctl", "capget", "capset", "close_range", "close_range"}, "pid 1 keeps CAP_KILL and its channel, and cannot be traced: one that can is a way out"}; }

// --- payload -------------------------------------------------------------------------------------
StepText text(const NewKeyring&) { return {"new_keyring", "", {}, {"keyctl"}, "the caller's keys can't be searched from inside"}; }
StepText text(const NewSession&) { return {"setsid", "", {}, {"setsid"}, "kill(0) and the terminal's input queue do not reach the caller"}; }
StepText text(const TakeTerminal&) { return {"take_terminal", "", {}, {"ioctl"}, "its keys reach this session and no other"}; }
StepText text(const OwnGroup&) { return {"own_group", "", {}, {"setpgid", "getpid", "ioctl*"}, "job control: Ctrl-C and Ctrl-Z go to this group alone"}; }
StepText text(const UseStdio&) { return {"use_stdio", "", {}, {"dup2*"}, "0, 1 and 2 of the command"}; }
StepText text(const LookUpUser& s) {
  StepText out{"look_up_user", s.user ? s.user : s.group ? s.group : list_words(s.groups), {}, {"…"}, "in the sandbox's own files, read here and not by a library of the sandbox"};
  return out;
}
StepText text(const EnterFolder& s) {
  if (std::string_view(s.path) == "/") return {"chdir", s.path, {}, {"chdir"}, "the old working folder was on the host"};
  return {"chdir", s.path, {}, {"openat", "openat2", "close", "fchdir", "close", "getcwd"}, "by descriptor, with no magic link on the way (CVE-2024-21626)"};
}
StepText text(const FindCommand& s) {
  StepText out{"find_command", s.program, {}, {"fstat*", "faccessat2*"}, "whether it is there is noted now: what execve answers does not tell a missing program from a missing interpreter"};
  if (!std::string_view(s.program).starts_with('/')) out.details.emplace_back("path", s.path ? s.path : "inherited"), out.calls = {"…"};
  else if (s.native) out.calls.insert(out.calls.end(), {"openat*", "read*", "close*"});
  return out;
}
StepText text(const NewRuleset& s) {
  StepText out{"new_ruleset", "landlock", {}, {"landlock_create_ruleset"}, "what is refused whatever the files' modes say; the rules that follow name the exceptions"};
  if (s.files) out.details.emplace_back("refuses", "files");
  if (s.ports) out.details.emplace_back("refuses", "TCP ports");
  return out;
}
StepText text(const AllowPath& s) {
  const bool writes = s.access & LANDLOCK_ACCESS_FS_WRITE_FILE, reads = s.access & LANDLOCK_ACCESS_FS_READ_DIR;
  return {"allow_path", s.path, {{"to", writes ? "read and write" : reads ? "read" : "execute"}}, {"openat", "openat2", "close", "fstat", "landlock_add_rule", "close"}, "a rule of Landlock: what no rule names is refused"};
}
StepText text(const AllowPort& s) { return {"allow_port", std::to_string(s.port), {{"to", s.access & sys::landlock_connect_tcp ? "connect" : "bind"}}, {"landlock_add_rule"}, "a rule of Landlock: what no rule names is refused"}; }
StepText text(const RestrictSelf&) { return {"restrict_self", "landlock", {}, {"landlock_restrict_self"}, "for this process and all that it starts, for good"}; }
StepText text(const ShareRuleset&) { return {"share_ruleset", "landlock", {}, {"sendmsg"}, "for `exec`: the paths are not looked up again, when the payload could have moved them"}; }
StepText text(const DropBounding& s) { return {"drop_bounding", capability_words(s.keep), {}, {"prctl*"}, "no program can gain a capability that is not here"}; }
StepText text(const SetGroups& s) { return {"setgroups", list_words(s.groups), {}, {"setgroups", "getgroups"}, "exactly these"}; }
StepText text(const SetIds& s) {
  StepText out{"set_ids", (s.uid < 0 ? "?" : std::to_string(s.uid)) + ":" + (s.gid < 0 ? "?" : std::to_string(s.gid)), {}, {"setresgid", "setresuid"}, "real, effective and saved"};
  if (s.keep_capabilities) {
    out.calls.insert(out.calls.begin(), "prctl");
    out.calls.insert(out.calls.end(), {"capget", "capset"});
    out.why = "real, effective and saved; the capabilities survive the change, to be set in the next steps";
  }
  out.calls.insert(out.calls.end(), {"getresuid", "getresgid"});
  return out;
}
StepText text(const LockSecurebits&) { return {"lock_securebits", "", {}, {"prctl", "prctl"}, "uid 0 means nothing any more, for good"}; }
StepText text(const SetCapabilities& s) { return {"set_capabilities", capability_words(s.mask), {}, {"capset", "prctl", "prctl*", "capget"}, "permitted, effective, inheritable and ambient; read back"}; }
StepText text(const SetUmask& s) { return {"umask", octal(s.mask), {}, {"umask"}, "while the sandbox was put together it was 0"}; }
StepText text(const ResetSignals&) { return {"reset_signals", "", {}, {"rt_sigaction*", "rt_sigprocmask"}, "nothing blocked, nothing ignored, whatever the caller had"}; }
StepText text(const ResetProcess&) { return {"reset_process", "", {}, {"personality", "prctl", "prlimit64*"}, "personality and timer slack of a fresh process"}; }
StepText text(const SetNice& s) { return {"setpriority", std::to_string(s.value), {}, {"setpriority"}, "only root can go below the caller's own"}; }
StepText text(const SetAffinity& s) { return {"sched_setaffinity", list_words(s.cpus), {}, {"sched_setaffinity"}, "the CPUs on which the command may run"}; }
StepText text(const SetLimit& s) {
  const auto value = [](uint64_t limit) { return limit == UINT64_MAX ? std::string("unlimited") : std::to_string(limit); };
  return {"prlimit", limit_words(s.resource), {{"soft", value(s.soft)}, {"hard", value(s.hard)}}, {"prlimit64"}, "a limit by setrlimit(2)"};
}
StepText text(const NoNewPrivileges&) { return {"no_new_privs", "", {}, {"prctl", "prctl"}, "no exec gives rights, for this process and all that it starts"}; }
StepText text(const CloseOnExec& s) {
  StepText out{"close_on_exec", "3…", {}, {"close_range"}, "marked and not closed, so that a failed exec can still be reported"};
  if (!s.pass.empty()) out.details.emplace_back("pass", list_words(s.pass));
  for (size_t i = 0; i < s.pass.size(); i++) out.calls.push_back("fcntl");
  return out;
}
StepText text(const RefuseTerminalInput&) { return {"refuse_terminal_input", "TIOCSTI, TIOCLINUX", {}, {"seccomp", "ioctl"}, "a filter of its own: bytes pushed into a terminal's queue would be typed by the caller"}; }
/// Calls of the machine's other ABI (i386) that pass.
unsigned passing_in_other_abi(std::span<const struct sock_filter> program) {
  unsigned count = 0;
  for (uint32_t number = 0; number < filter::numbers_end; number++) {
    const uint32_t verdict = filter::answer(program, filter::other_arch, number).verdict;
    count += verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG;
  }
  return count;
}
/// What the program itself answers, call by call: no second list that could differ from it.
StepText text(const SetFilter& s) {
  StepText out{"set_filter", s.policy, {{"sha256", s.hash}}, {"seccomp"}, "the last step before exec, since every call from here on is asked for; a number that nobody knows gets ENOSYS, and programs of another ABI (i386, x32) are refused whole", {}};
  if (const unsigned others = passing_in_other_abi(s.program)) {
    out.details.emplace_back("other_abi_allow", std::to_string(others));
    out.why = "the last step before exec, since every call from here on is asked for";
  }
  std::map<std::string, std::pair<unsigned, std::string>> answers;
  for (uint32_t number = 0; number < filter::numbers_end; number++) {
    const std::string name = filter::name_of(number);
    if (name.empty()) continue;
    const filter::Answer answer = filter::answer(s.program, filter::native_arch, number);
    auto& [count, names] = answers[answer.by_arguments ? "by_arguments" : filter::verdict_words(answer.verdict)];
    count++;
    names += (names.empty() ? "" : " ") + name;
  }
  for (const auto& [verdict, calls] : answers) {
    out.details.emplace_back(verdict, std::to_string(calls.first));
    out.lists.emplace_back(verdict, calls.second);
  }
  return out;
}
StepText text(const Exec& s) { return {"execve", list_words(s.arguments), {}, {"execve"}, "nothing of nsbox is left in this process"}; }

StepText text(const Leave&) { return {"leave", "", {}, {"exit_group"}, "a rehearsal ends here"}; }

}  // namespace

std::vector<StepLine> describe(const Plan& plan) {
  std::vector<StepLine> out;
  plan.for_each([&](uint32_t number, Stage stage, uint32_t origin, const auto& step) { out.push_back({number, stage, origin, text(step)}); });
  return out;
}

StepText describe_step(const Plan& plan, uint32_t wanted) {
  StepText out;
  plan.for_each([&](uint32_t number, Stage, uint32_t, const auto& step) {
    if (number == wanted) out = text(step);
  });
  return out;
}

Stage stage_of(const Plan& plan, uint32_t wanted) {
  Stage out = Stage::prepare;
  plan.for_each([&](uint32_t number, Stage stage, uint32_t, const auto&) {
    if (number == wanted) out = stage;
  });
  return out;
}

const Origin& origin_of(const Plan& plan, uint32_t wanted) {
  uint32_t index = 0;
  plan.for_each([&](uint32_t number, Stage, uint32_t origin, const auto&) {
    if (number == wanted) index = origin;
  });
  return plan.origins[index];
}

std::string attribute_words(uint64_t attributes) {
  static constexpr struct {
    uint64_t bit;
    const char* name;
  } names[] = {{MOUNT_ATTR_RDONLY, "read-only"}, {MOUNT_ATTR_NOSUID, "nosuid"}, {MOUNT_ATTR_NODEV, "nodev"},
               {MOUNT_ATTR_NOEXEC, "noexec"},    {MOUNT_ATTR_NOATIME, "noatime"}, {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"}};
  std::string out;
  for (const auto& each : names)
    if (attributes & each.bit) out += (out.empty() ? "" : ",") + std::string(each.name);
  return out;
}

std::string propagation_words(uint64_t propagation) {
  std::string out = propagation & MS_REC ? "recursive " : "";
  if (propagation & MS_PRIVATE) out += "private";
  if (propagation & MS_SLAVE) out += "slave";
  if (propagation & MS_SHARED) out += "shared";
  if (propagation & MS_UNBINDABLE) out += "unbindable";
  return out;
}

std::string namespace_words(uint64_t flags) {
  std::string out;
  for (const NsInfo& each : ns_types)
    if (flags & each.flag) out += (out.empty() ? "" : " ") + std::string(each.name);
  return out.empty() ? "no namespaces" : out;
}

std::string shared_words(Shared what) {
  return what == Shared::ruleset ? "landlock" : std::string(ns_types[static_cast<size_t>(what)].name);
}

std::string capability_words(uint64_t mask) {
  if (mask == 0) return "none";
  std::string out;
  for (const CapabilityInfo& each : capabilities)
    if (mask >> each.number & 1) out += (out.empty() ? "" : ",") + std::string(each.name);
  return out;
}

std::string limit_words(int resource) {
  static constexpr const char* names[] = {"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
  return resource >= 0 && resource < static_cast<int>(std::size(names)) ? names[resource] : std::to_string(resource);
}

}  // namespace nsbox
