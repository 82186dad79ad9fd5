// SPDX-License-Identifier: MIT
// The one defined order. A section of the specification says which stage a step belongs to; inside
// a stage the order of adding is kept; the stages follow one another as they stand here.
//
//   launcher  prepare ── clone ── map_identity ── place ──gate──▶ supervise
//   joiner         join ─┘                                  │
//   child                 └── (waits) ──────────────────────┴─ become ─ isolate ─ mounts ─
//                             enter_root ─ fork_payload ─▶ init: supervises as pid 1
//   payload                                     └─ session ─ open ─ credentials ─ limits ─ seal ─ exec
#pragma once
#include <cstdint>
#include <string_view>

namespace nsbox {

enum class Stage : uint8_t {
  prepare,
  join,
  clone,
  map_identity,
  place,
  become,
  isolate,
  mounts,
  enter_root,
  fork_payload,
  session,
  open,
  credentials,
  limits,
  seal,
  exec,
};

struct StageInfo {
  Stage stage;
  std::string_view name;
  std::string_view actor;
  std::string_view reason;  // why here: the kernel's reason, for `plan --explain`
};

inline constexpr StageInfo stages[] = {
    {Stage::prepare, "prepare", "launcher",
     "whatever can fail and leaves nothing behind comes first. The host's /proc is opened and checked "
     "now: after the root has changed no path leads to it that the payload could not have made"},
    {Stage::join, "join", "joiner",
     "all namespaces are opened before the first is entered; the user namespace is entered first, since it "
     "gives the rights over the others. The launcher itself never joins: it could not come back"},
    {Stage::clone, "clone", "launcher",
     "one clone makes every new namespace but time: a process enters a new time namespace only by its "
     "children, so that its clocks can still be set"},
    {Stage::map_identity, "map_identity", "launcher",
     "until its user namespace has a map, the child is nobody and every file it made would be nobody's"},
    {Stage::place, "place", "launcher",
     "the last moment in which a process with rights over the host's file systems can lend them to the child"},
    {Stage::become, "become", "child",
     "from here the child is a process of the sandbox; a change of identity clears the parent-death signal, "
     "so that is set again, and the launcher is looked at in case it is already gone"},
    {Stage::isolate, "isolate", "child",
     "propagation of / comes before any mount, or the mounts would appear on the host as well"},
    {Stage::mounts, "mounts", "child", "in the order in which they are written"},
    {Stage::enter_root, "enter_root", "child",
     "pivot_root exchanges the roots, and the host's tree is detached: unlike after chroot there is nothing left to go back to"},
    {Stage::fork_payload, "fork_payload", "child",
     "pid 1 has duties (to reap what is left over, to pass signals on), so nsbox stays as pid 1 and forks the command. "
     "It gives up what the command could take over"},
    {Stage::session, "session", "payload",
     "a session of its own: kill(0) and the terminal's input queue must not reach the caller's processes"},
    {Stage::open, "open", "payload", "what must be found inside the sandbox while the rights are still there"},
    {Stage::credentials, "credentials", "payload",
     "the bounding set needs CAP_SETPCAP, ids need CAP_SETUID and CAP_SETGID, so capabilities go last"},
    {Stage::limits, "limits", "payload", "a low limit on files or processes would break the steps before"},
    {Stage::seal, "seal", "payload",
     "no_new_privs, then the filter: after it there are only the calls that the filter knows"},
    {Stage::exec, "exec", "payload", "every descriptor but the passed ones closes itself here"},
};

constexpr const StageInfo& info(Stage stage) { return stages[static_cast<uint8_t>(stage)]; }

}  // namespace nsbox
