// SPDX-License-Identifier: MIT
// The closed vocabulary: every step that a launch can take, as data. What a user may ask for is an
// open set and lives in spec/; it is said here in a few dozen words of the kernel's.
//
// Steps hold no owning memory: every `Str` points into the plan's arena (or a mapped file), so that
// the child reads a finished list and never allocates. One variant for each actor: a step that is
// added on the wrong side of the clone does not compile.
#pragma once
#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <variant>

#include "base/namespaces.hpp"

namespace nsbox {

using Str = const char*;  // NUL-terminated, in the plan's arena; can be absent (null) where that is its default

/// A numbered place for a descriptor, filled by one step and used by later ones.
enum class Slot : uint16_t {
  none,     // unused; also "the caller's own view of the tree"
  proc,     // the host's /proc, checked
  root,     // the root of the new tree
  staging,  // a tmpfs for files, upper folders and attached layers; goes with the old root
  tty,      // the payload's side of its new terminal
  ruleset,  // Landlock's
  first,    // the first that the planner hands out
};

/// A place in a tree. `own`: nsbox itself made every folder on the way in this launch, so no link
/// can be among them and a plain path is safe; else the path is walked inside `base` (openat2,
/// RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS).
struct At {
  Slot base = Slot::none;
  Str path = "";
  bool own = false;
};

inline constexpr At absent{Slot::none, nullptr, false};

/// What a source was when the plan was made; the step fails when it is something else by then.
struct Identity {
  uint64_t device = 0, inode = 0;  // inode 0: not checked
  uint64_t rdev = 0;               // of a device node; 0: not checked
};

/// What the supervisor of a detached sandbox keeps for those who come later: its namespaces, and the
/// Landlock rules as they were made when no payload could yet have moved a path. The types first, as
/// in NsType.
enum class Shared : uint8_t { user, mount, pid, ipc, uts, net, cgroup, time, ruleset };
inline constexpr size_t shared_count = 9;
static_assert(shared_count == ns_count + 1);
constexpr Shared shared_of(NsType type) { return static_cast<Shared>(type); }

struct Option {  // of a file system, as fsconfig(2) takes it
  Str key = "";
  Str value = nullptr;  // null: a flag
};

struct Extent {  // of an id map
  uint32_t inside = 0, outside = 0, count = 0;
};

// --- launcher: prepare ---------------------------------------------------------------------------
struct OpenProc {};       // the host's /proc, proved to be procfs and its root
struct MapReport {};      // the page in which child and payload say how far they are
struct OpenChannel {};    // the gate and the way of later records: one SOCK_SEQPACKET pair
struct OpenSelf {};       // a pidfd of the launcher, by which the child sees it die
struct StartKeeper {};    // undoes what was changed outside the sandbox, should the launcher be killed
struct TakeSignals {
  // The launcher takes its signals from a descriptor; files are made with the modes as written.
};
struct CheckPassed {  // the descriptors that the payload is to keep are there
  std::span<const int> fds;
};
struct RaiseFiles {       // room for the descriptors of all trees; the payload gets the old limit
  uint32_t count = 0;
};
struct ParentDeath {};    // the launcher ends with the process that started it
struct OpenStdio {
  int fd = 0;  // 0, 1, 2
  Str path = "";
  Str below = nullptr;  // as in OpenTree
  int flags = 0;
};
struct OpenNamespace {  // a namespace to join
  Slot slot = Slot::none;
  int type = 0;         // CLONE_NEW…
  Str path = nullptr;   // or, when pid is not 0,
  pid_t pid = 0;        // of this process, which must still be the one that started then:
  uint64_t start_time = 0;  // in clock ticks since boot (proc(5), field 22)
  uint64_t inode = 0;
};
struct OpenShared {  // from the supervisor of a running sandbox
  Slot slot = Slot::none;
  Shared what = Shared::user;
  Str sandbox = "";
};
struct OpenTree {  // a copy of what the host has at `path`: open_tree(2), OPEN_TREE_CLONE
  Slot slot = Slot::none;
  Str path = "";
  Str below = nullptr;  // walked from `path` without following any link (it lies below a writable bind)
  bool recursive = true;
  bool copy = true;     // false: the tree itself, to be a layer of an overlay
  Identity identity;
};
struct OpenImage {  // a file system in a file, by a loop device that goes with it
  Slot slot = Slot::none;
  Str path = "";
  Str type = "";
  bool readonly = true;
  Identity identity;
};
struct OpenFile {  // a file whose content is copied inside
  Slot slot = Slot::none;
  Str path = "";
  Str below = nullptr;  // as in OpenTree
};
struct MakeOnHost {  // `create: host`: a mount point that the host keeps while the sandbox lives
  Str path = "";   // an existing folder of the host, as it really is: no link is followed
  Str below = "";  // the way below it, of which the last components are missing
  bool folder = true;
};
struct OpenTerminal {};  // a pty of the host's devpts, where the sandbox has none of its own

// --- joiner --------------------------------------------------------------------------------------
struct SetNamespace {
  Slot slot = Slot::none;
  int type = 0;
};

// --- launcher: after the clone -------------------------------------------------------------------
struct WriteIdMap {
  bool group = false;
  std::span<const Extent> extents;
};
struct DenySetgroups {};
struct RunIdMapper {  // newuidmap(1), newgidmap(1): setuid helpers of the host that know /etc/subuid
  Str program = "";
  bool group = false;
  std::span<const Extent> extents;
};
struct OpenUserNamespace {  // the child's, for idmapped mounts
  Slot slot = Slot::none;
};
struct MapTree {  // MOUNT_ATTR_IDMAP
  Slot slot = Slot::none;
  Str below = nullptr;  // one mount below the tree's root, or null: the root
  bool recursive = false;
  bool optional = false;  // one that the kernel can't map stays as it is: its files belong to nobody inside
  Slot user_namespace = Slot::none;
};
struct PinNamespace {  // the child's, by a bind mount of its file in /proc/PID/ns
  NsType type = NsType::user;
  Str path = "";
};
struct OpenGate {};

// --- child ---------------------------------------------------------------------------------------
struct WaitGate {};
struct MapSelf {  // a map of one id, which the child may write itself
  bool group = false;
  Extent extent;
};
struct SetOomScore {
  int value = 0;
};
struct SetExecLabel {  // what a security module makes of this process, or its child, at its next exec
  Str file = "";   // below /proc/self/attr
  Str words = "";  // as the module wants it
  Str label = "";
};
struct BecomeInside {  // 0 inside, where the caller's own ids are not mapped
  bool groups = false;
  bool joined = false;  // only where they are not: the map of a joined namespace is known only there
};
struct WatchLauncher {};  // PDEATHSIG and a look at the launcher's pidfd
struct ClearDumpable {};
struct SetPropagation {
  unsigned long type = 0;  // MS_PRIVATE, …
};
struct NewTimeNamespace {
  int64_t monotonic_ns = 0, boottime_ns = 0;
  bool enter = false;  // also for this process: it goes on to exec
  bool share = false;  // a descriptor of it to the launcher, who waits for it to pin it
};
struct SetHostname {
  Str name = "";
};
struct SetDomainname {
  Str name = "";
};
struct LoopbackUp {};
struct WriteSysctl {
  Str path = "";  // below /proc/sys
  Str value = "";
};
struct UseRoot {  // the caller's tree, as a descriptor; or: a layer over the root takes its place
  Slot slot = Slot::none;
};
struct NewFs {      // a new file system: fsopen, fsconfig, fsmount
  Slot slot = Slot::none;
  Str type = "";
  Str source = nullptr;
  std::span<const Option> options;
  uint64_t attributes = 0;
  At at = absent;  // where it is mounted at once, by one call: a place of the new root that is nsbox's `own`
};
struct NewOverlay {
  Slot slot = Slot::none;
  std::span<const Slot> lower;  // highest first
  At upper = absent, work = absent;  // read-only
  uint64_t attributes = 0;
  bool in_user_namespace = false;  // `userxattr`
};
struct SetAttributes {  // mount_setattr(2)
  Slot slot = Slot::none;
  uint64_t set = 0, clear = 0;
  uint64_t propagation = 0;
  bool recursive = false;
};
struct Remount {  // the same, of what is mounted at a place
  At at;
  uint64_t set = 0, clear = 0, propagation = 0;
  bool recursive = false;
};
struct Unmount {
  At at;
};
struct AttachRoot {  // on / itself: no folder of the host is needed to build it in
  Slot slot = Slot::none;
};
struct Attach {
  Slot slot = Slot::none;
  At at;
  bool optional = false;  // the place may be missing
  bool keep = false;      // the descriptor is needed again
};
struct BindDevice {  // the same device of the host, by one call: at a place of the new root that is nsbox's own
  Str source = "";
  At at;
  uint64_t rdev = 0;  // what it must be
};
struct OfferSocket {  // a datagram socket `notify` in the file system of `slot`, for the launcher
  Slot slot = Slot::none;
};
struct MakeFolder {
  At at;
  uint32_t mode = 0755;
};
struct MakeFile {
  At at;
  uint32_t mode = 0644;
};
struct MakeLink {
  At at;
  Str to = "";
};
struct WriteFile {
  At at;
  uint32_t mode = 0644;
  Str content = nullptr;
  uint32_t length = 0;
  Slot from = Slot::none;  // or from this descriptor
};
struct ChangeOwner {
  At at;
  int64_t uid = -1, gid = -1;
};
struct OpenPlace {  // a descriptor of a place in the new tree
  Slot slot = Slot::none;
  At at;
};
struct CopyTree {  // a copy of a tree that this launch has attached
  Slot slot = Slot::none;
  At at;
  bool recursive = true;
};
struct CopyMode {  // the mode and, where it is mapped, the owner of a folder
  Slot from = Slot::none;
  At at;
};
struct BindEntries {  // every entry of a folder, bound into another one
  Slot from = Slot::none;
  At at;
  uint64_t attributes = 0;
};
struct NewTerminal {  // a pty of the sandbox's own devpts; its other side goes to the launcher
  Slot devpts = Slot::none;
};
struct PivotRoot {
  uint32_t covered = 1;  // mounts on the new root that go: the old root, and the staging tmpfs on it
};
struct ShareNamespaces {};  // descriptors of all eight, to the supervisor
struct ForkPayload {};
struct SealInit {};  // what pid 1 keeps: CAP_KILL; not dumpable, no_new_privs

// --- payload -------------------------------------------------------------------------------------
struct NewKeyring {};
struct NewSession {};
struct TakeTerminal {};  // the new one, as the session's controlling terminal
struct OwnGroup {};      // a process group of its own, in the terminal's foreground
struct UseStdio {  // descriptors 0, 1, 2
  bool terminal = false;
};
inline constexpr size_t most_groups = 64;  // supplementary ones of a payload: they stand in memory of a fixed size
struct LookUpUser {  // a name, in the sandbox's own /etc/passwd and /etc/group
  Str user = nullptr;
  Str group = nullptr;
  std::span<const Str> groups;
};
struct EnterFolder {
  Str path = "";
};
struct FindCommand {  // the first that may be executed, in the order of PATH
  Str program = "";  // with a `/`: itself, relative to the working directory
  Str path = nullptr;     // null: what PATH is at the launch
  bool native = false;    // the filter knows the machine's own ABI alone
};
struct NewRuleset {  // Landlock: what is refused but for the rules
  Slot slot = Slot::none;
  uint64_t files = 0;  // LANDLOCK_ACCESS_FS_…
  uint64_t ports = 0;  // LANDLOCK_ACCESS_NET_…
};
struct AllowPath {
  Str path = "";
  uint64_t access = 0;  // of a file those that are a file's
};
struct AllowPort {
  uint16_t port = 0;
  uint64_t access = 0;
};
struct ShareRuleset {};  // a descriptor of it, to the supervisor
struct DropBounding {
  uint64_t keep = 0;
};
struct SetGroups {
  std::span<const uint32_t> groups;
  bool looked_up = false;  // what LookUpUser found comes after
};
struct SetIds {  // from -1 on what LookUpUser found
  int64_t uid = 0, gid = 0;
  bool keep_capabilities = false;
};
struct LockSecurebits {};
struct SetCapabilities {
  uint64_t mask = 0;
};
struct SetUmask {
  uint32_t mask = 022;
};
struct ResetSignals {};
struct ResetProcess {};  // personality, timer slack, and the caller's limit on files
struct SetNice {
  int value = 0;
};
struct SetAffinity {
  std::span<const uint32_t> cpus;
};
struct SetLimit {
  int resource = 0;
  uint64_t soft = 0, hard = 0;  // UINT64_MAX: unlimited
};
struct NoNewPrivileges {};
struct CloseOnExec {  // every descriptor from 3 on, but these
  std::span<const int> pass;
};
struct RefuseTerminalInput {};  // a filter against TIOCSTI and TIOCLINUX
struct RestrictSelf {};  // Landlock
struct SetFilter {
  Str policy = "";  // for people: default, a path, …
  std::span<const struct sock_filter> program;
  Str hash = "";    // SHA-256 of the program
};
struct Exec {
  std::span<const Str> arguments;  // argv
};

struct Leave {};  // the end of a rehearsal: everything was done but the exec

using PrepareStep = std::variant<OpenProc, MapReport, OpenChannel, OpenSelf, StartKeeper, TakeSignals, CheckPassed, RaiseFiles, ParentDeath,
                                 OpenStdio, OpenNamespace, OpenShared, OpenTree, OpenImage,
                                 OpenFile, MakeOnHost, OpenTerminal>;
using JoinStep = std::variant<SetNamespace>;
using PlaceStep = std::variant<DenySetgroups, WriteIdMap, RunIdMapper, OpenUserNamespace, MapTree, PinNamespace, ClearDumpable, OpenGate>;
using ChildStep =
    std::variant<WaitGate, DenySetgroups, MapSelf, SetOomScore, SetExecLabel, BecomeInside, WatchLauncher, ClearDumpable, SetPropagation,
                 NewTimeNamespace, SetHostname, SetDomainname, LoopbackUp, WriteSysctl, UseRoot, OpenTree, NewFs,
                 NewOverlay, SetAttributes, Remount, Unmount, AttachRoot, Attach, BindDevice, OfferSocket, MakeFolder, MakeFile, MakeLink,
                 WriteFile, ChangeOwner, OpenPlace, CopyTree, CopyMode, BindEntries, NewTerminal,
                 PivotRoot, ShareNamespaces, NewSession, TakeTerminal, ForkPayload>;
using InitStep = std::variant<SealInit>;
using PayloadStep =
    std::variant<NewKeyring, NewSession, TakeTerminal, OwnGroup, UseStdio, LookUpUser, NewRuleset, AllowPath, AllowPort, ShareRuleset,
                 EnterFolder, FindCommand, DropBounding, SetGroups, SetIds, LockSecurebits, SetCapabilities, WatchLauncher, SetUmask,
                 ResetSignals, ResetProcess, SetNice, SetAffinity, SetLimit, NoNewPrivileges, CloseOnExec,
                 RestrictSelf, RefuseTerminalInput, SetFilter, Exec, Leave>;

/// Calls f(step) with what the variant holds: std::visit without its exception, and without its tables of
/// pointers, which would be relocated at each start.
template <class... Steps, class F>
void with_step(const std::variant<Steps...>& held, F&& f) {
  const auto one = [&](const auto* step) {
    if (step) f(*step);
    return step != nullptr;
  };
  (one(std::get_if<Steps>(&held)) || ...);
}

}  // namespace nsbox
