// SPDX-License-Identifier: MIT
// The state folder: where named sandboxes are found. Every sandbox has a folder of its own in it.
//
//   $XDG_RUNTIME_DIR/nsbox (root: /run/nsbox)   0700, its owner and mode looked at each time
//     .lock            held (flock) while a name is taken or given back; never while anything waits
//     NAME/lock        held (fcntl) by the supervisor as long as it lives: the kernel says by whom
//     NAME/state.json  what it is and how it ended; replaced as a whole
//     NAME/spec.json   the effective specification
//     NAME/control     the supervisor's socket (control.hpp)
//     NAME/log, .1, .2 what the payload wrote (log.hpp)
//
// Nothing here gives a right: who joins a sandbox gets its namespaces and its plan from the living
// supervisor, whose process the lock names.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fields/node.hpp"
#include "sys/fd.hpp"

namespace nsbox::box {

struct States {
  Fd folder;
  std::string path;
};

/// "" or what is wrong. Where there is no folder yet it is made, or else `out.folder` stays empty.
std::string open_states(bool make, States& out);

/// Where the state folder is, whether or not it is there; "" with the reason in `problem`.
std::string states_path(std::string& problem);

/// The names that have a folder, sorted.
std::vector<std::string> names_in(const States& states);

/// While it lives no other process takes a name or gives one back.
class Guard {
 public:
  explicit Guard(const States& states);
  /// Ends it before its time, also for processes that were forked since.
  void end();
  explicit operator bool() const { return static_cast<bool>(lock_); }  // false: errno

 private:
  Fd lock_;
};

/// A sandbox's folder; empty when there is none of that name (or what is there is not one: errno).
Fd open_entry(const States& states, const std::string& name);

/// The process that holds a sandbox: its supervisor.
struct Holder {
  pid_t pid = 0;  // 0: nobody; -1: not known
  Fd pidfd;
  int error = 0;  // errno, where it could not be found out or got hold of, by
  const char* call = "";
};
Holder holder_of(const Fd& entry);
/// For the supervisor: holds the entry until the end of this process. Not inherited by its children.
bool hold(const Fd& entry);

/// Takes the name: makes its folder. The name must be free (holder_of is nobody): what an earlier
/// sandbox left there is removed. Under the guard.
Fd make_entry(const States& states, const std::string& name);
/// Removes the folder with everything that nsbox makes in it, and nothing else. Under the guard.
bool remove_entry(const States& states, const std::string& name);

/// Replaces a file as a whole; false with errno.
bool write_file(const Fd& entry, const char* name, std::string_view text);
/// Nothing when it is not there, is not a file of the caller's, or is longer than 64 MiB.
std::optional<std::string> read_file(const Fd& entry, const char* name);

inline constexpr int state_version = 1;

/// What state.json says. A file of another version is nothing.
std::optional<Node> read_state(const Fd& entry);

/// The start time of a process in clock ticks since boot (proc(5), field 22); 0 with errno.
uint64_t start_time_of(pid_t pid);
std::string boot_id();  // "" with errno

/// What is known of a sandbox: its state as written, and who holds it now.
struct Sandbox {
  std::string name;
  Fd entry;
  Holder holder;
  Node state = Node::map();  // empty while it is only beginning
  /// `starting`, `running`, `ended`, or `lost`: its supervisor was killed, and all went with it.
  std::string status;
  /// The holder is not the process that wrote the state: somebody else's hand.
  bool forged = false;
  int unknown = 0;  // errno, where that could not be found out: it is not believed either
};
/// Nothing with errno; ENOENT: there is none of that name.
std::optional<Sandbox> find(const States& states, const std::string& name);

}  // namespace nsbox::box
