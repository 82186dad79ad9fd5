// SPDX-License-Identifier: MIT
// What launcher, child, init and payload say to each other.
//
//   launcher                         child / init                       payload
//      │ ── page: mapped before the clone, shared by all, gone with exec ──│
//      │ ── gate (one byte) ────────▶ │   "your maps are written"          │
//      │ ◀─ terminal + descriptor ─── │   the other side of a new pty      │
//      │ ◀─ shared + descriptor ───── │   a time namespace to be pinned    │
//      │ ◀─ shared + descriptor ───── │   of a detached sandbox            │
//      │ ◀─ notify + descriptor ───── │   the socket offered to it         │
//      │ ◀─ executed ──────────────── │                                    │
//      │ ── signal N ───────────────▶ │ ── kill ─────────────────────────▶ │
//      │ ◀─ stopped, continued ────── │                                    │
//      │ ◀─ exited, status ────────── │                                    │
//
// All but the page are records of one SOCK_SEQPACKET pair. End of file there means that the other
// side is dead: each waits for nothing else.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/namespaces.hpp"
#include "plan/step.hpp"

namespace nsbox {

struct Record {
  enum class Kind : uint32_t { gate, terminal, executed, signal, stopped, continued, exited, shared, notify };
  Kind kind = Kind::gate;
  int32_t value = 0;  // signal: its number; stopped: the signal; exited: the wait status; shared: which
};

enum class Why : uint32_t {
  call,               // a system call failed: `call`, `error`
  source_changed,     // not what the plan was made for
  not_a_device,       // a device that is something else
  not_procfs,         // /proc is not the kernel's
  map_not_taken,      // an id map that reads back empty
  readback,           // a protective call did not do what it said; `call`
  unknown_user,       // not in the sandbox's own files; `detail`
  command_missing,    // 127
  command_refused,    // 126: there, and not to be executed
  other_abi,          // 126: a program that the filter would end
  interpreter_missing,  // 127: the kernel did not find what it needs
  outside_root,       // the working directory is not below the root
  too_long,           // more than fits a fixed buffer
  launcher_gone,
  not_a_namespace,    // or not one of the wanted type
  already_pinned,     // there is a namespace at that path
  no_sandbox,         // no running one of that name, or no answer; `detail`
  helper_failed,      // newuidmap or newgidmap; `detail` has its words
};

/// The ids that the payload was given, where names of the sandbox's own files said which.
struct Ids {
  int64_t uid = -1, gid = -1;
  uint32_t group_count = 0;
  uint32_t groups[most_groups] = {};
};

/// One page (or a few, when times are wanted) that outlives a clone and ends with exec.
struct Page {
  std::atomic<uint32_t> step;    // the last one begun
  std::atomic<uint32_t> failed;  // its number, 0: none
  std::atomic<bool> told;        // somebody has begun to say what failed
  Why why;
  int32_t error;                 // errno
  const char* call;              // a literal: all processes are the same program
  std::atomic<uint32_t> executing;  // the payload has come to execve
  std::atomic<int> died_of;         // the signal that ended the payload before, in a sandbox with init
  Ids looked_up;
  uint64_t namespaces[ns_count];  // inodes by NsType, if they are wanted
  uint32_t head_length;
  char detail[512];              // what the kernel, or the step, says more
  char head[1024];               // the beginning of a file that could not be executed
  int64_t* times;                // behind this struct: CLOCK_MONOTONIC in ns when each step began
};

}  // namespace nsbox
