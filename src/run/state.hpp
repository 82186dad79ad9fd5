// SPDX-License-Identifier: MIT
// What the child is born with. Everything here is ready before the clone: after it nothing is
// allocated, formatted or logged, and nothing may throw.
#pragma once
#include <errno.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <cstring>

#include "plan/plan.hpp"
#include "run/page.hpp"
#include "sys/fd.hpp"

namespace nsbox {

/// How a step went. `call` names the system call that failed, with errno in `error`.
struct Outcome {
  int error = 0;
  const char* call = nullptr;
  Why why = Why::call;
  bool failed() const { return call != nullptr; }
};
inline constexpr Outcome done{};
[[gnu::cold]] inline Outcome failed(const char* call) { return {errno, call, Why::call}; }
[[gnu::cold]] inline Outcome failed(const char* call, Why why, int error = 0) { return {error, call, why}; }

/// For the launcher's message. The first failure is told: others follow from it, since a process that ends
/// lets those that wait for it fail as well.
inline void tell_failure(Page& page, uint32_t number, const Outcome& outcome) {
  if (page.told.exchange(true)) return;
  page.why = outcome.why;
  page.error = outcome.error;
  page.call = outcome.call;
  page.failed.store(number);
}

struct ChildState {
  ChildState() { command[0] = 0; }

  const Plan* plan = nullptr;
  Page* page = nullptr;
  bool timed = false;
  bool note_namespaces = false;  // for a report: nobody else can look, the child can't be traced
  int* slots = nullptr;          // by Slot; -1: empty
  int channel = -1;              // the child's end
  int launcher_channel = -1;     // the launcher's end, closed first
  int launcher = -1;             // a pidfd
  int stdio[3] = {-1, -1, -1};   // what was opened for 0, 1, 2; -2: the same file as 1
  bool stdio_kept[3] = {};       // not to be replaced by a new terminal
  int terminal = -1;             // the caller's, when it is inherited
  uint64_t ignored_signals = 0;  // that the caller ignores: bit N-1
  char* title = nullptr;         // the command line, to be written over
  size_t title_room = 0;
  const char* inner_title = nullptr;
  bool files_raised = false;
  struct rlimit files = {};      // the caller's limit
  char* const* environment = nullptr;
  const char* path = nullptr;    // PATH of the payload

  // Found on the way.
  char command[4096];  // "" until then; its other bytes are not touched

  int slot(Slot slot) const { return slots[static_cast<uint16_t>(slot)]; }
  int& slot(Slot slot) { return slots[static_cast<uint16_t>(slot)]; }
  void close_slot(Slot which) {
    int& fd = slot(which);
    if (fd >= 0) close(fd);
    fd = -1;
  }
  void detail(const char* text) {
    const size_t length = strnlen(text, sizeof page->detail - 1);
    memcpy(page->detail, text, length);
    page->detail[length] = 0;
  }
};

/// Decimal digits of `value` at `out`; returns the end.
inline char* put_number(char* out, int64_t value) {
  char digits[24];
  int n = 0;
  uint64_t rest = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  do digits[n++] = static_cast<char>('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) digits[n++] = '-';
  while (n > 0) *out++ = digits[--n];
  *out = 0;
  return out;
}
/// What `ps` shows: the words are written over, what is left of them is cleared.
inline void write_title(char* room, size_t size, const char* title) {
  if (size == 0) return;
  const size_t length = strnlen(title, size - 1);
  memcpy(room, title, length);
  memset(room + length, 0, size - length);
}

inline char* put_text(char* out, const char* text) {
  while (*text) *out++ = *text++;
  *out = 0;
  return out;
}

/// Files of /proc take the whole text in one call; a part of a number would be another number.
inline bool write_once(int fd, const char* text, size_t size) {
  ssize_t n;
  do n = write(fd, text, size);
  while (n < 0 && errno == EINTR);
  if (n >= 0 && n != static_cast<ssize_t>(size)) errno = EIO;
  return n == static_cast<ssize_t>(size);
}

/// A file below the trusted /proc: nothing that is mounted over it counts, no magic link is followed.
inline int open_proc(const ChildState& state, const char* path, int flags) {
  return sys::openat2(state.slot(Slot::proc), path, static_cast<uint64_t>(flags), RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

// session_steps.cpp
bool send_record(int channel, Record record, int fd = -1);
/// Sends a descriptor of the process's own namespace to the launcher.
Outcome share_namespace(ChildState& state, NsType type);
/// 1: a record (with `fd`, or -1); 0: the other side is gone; -1: none, with errno.
int receive_record(int channel, Record& record, int& fd, int flags);

// identity_steps.cpp
Outcome run(const WaitGate&, ChildState&);
Outcome run(const DenySetgroups&, ChildState&);
Outcome run(const MapSelf&, ChildState&);
Outcome run(const SetOomScore&, ChildState&);
Outcome run(const SetExecLabel&, ChildState&);
Outcome run(const BecomeInside&, ChildState&);
Outcome run(const WatchLauncher&, ChildState&);
Outcome run(const ClearDumpable&, ChildState&);
Outcome run(const NewTimeNamespace&, ChildState&);
Outcome run(const SetHostname&, ChildState&);
Outcome run(const SetDomainname&, ChildState&);
Outcome run(const LoopbackUp&, ChildState&);
Outcome run(const WriteSysctl&, ChildState&);
// mount_steps.cpp
Outcome run(const SetPropagation&, ChildState&);
Outcome run(const UseRoot&, ChildState&);
Outcome run(const OpenTree&, ChildState&);
Outcome run(const NewFs&, ChildState&);
Outcome run(const NewOverlay&, ChildState&);
Outcome run(const SetAttributes&, ChildState&);
Outcome run(const Remount&, ChildState&);
Outcome run(const Unmount&, ChildState&);
Outcome run(const AttachRoot&, ChildState&);
Outcome run(const Attach&, ChildState&);
Outcome run(const BindDevice&, ChildState&);
Outcome run(const OfferSocket&, ChildState&);
Outcome run(const OpenPlace&, ChildState&);
Outcome run(const CopyTree&, ChildState&);
Outcome run(const PivotRoot&, ChildState&);
Outcome run(const ShareNamespaces&, ChildState&);
Outcome run(const ShareRuleset&, ChildState&);
Outcome run(const BindEntries&, ChildState&);
// file_steps.cpp
Outcome run(const MakeFolder&, ChildState&);
Outcome run(const MakeFile&, ChildState&);
Outcome run(const MakeLink&, ChildState&);
Outcome run(const WriteFile&, ChildState&);
Outcome run(const ChangeOwner&, ChildState&);
Outcome run(const CopyMode&, ChildState&);
/// A descriptor (O_PATH) of a place; -1 with errno.
int open_at(const At& at, const ChildState& state);
/// A source of the host: `path`, or what is `below` it without any link on the way.
int open_source(Str path, Str below, int flags);
// session_steps.cpp
Outcome run(const NewTerminal&, ChildState&);
Outcome run(const NewKeyring&, ChildState&);
Outcome run(const NewSession&, ChildState&);
Outcome run(const TakeTerminal&, ChildState&);
Outcome run(const OwnGroup&, ChildState&);
Outcome run(const UseStdio&, ChildState&);
Outcome run(const SealInit&, ChildState&);
// payload_steps.cpp
Outcome run(const LookUpUser&, ChildState&);
Outcome run(const EnterFolder&, ChildState&);
Outcome run(const FindCommand&, ChildState&);
Outcome run(const DropBounding&, ChildState&);
Outcome run(const SetGroups&, ChildState&);
Outcome run(const SetIds&, ChildState&);
Outcome run(const LockSecurebits&, ChildState&);
Outcome run(const SetCapabilities&, ChildState&);
Outcome run(const SetUmask&, ChildState&);
Outcome run(const ResetSignals&, ChildState&);
Outcome run(const ResetProcess&, ChildState&);
Outcome run(const SetNice&, ChildState&);
Outcome run(const SetAffinity&, ChildState&);
Outcome run(const SetLimit&, ChildState&);
Outcome run(const NoNewPrivileges&, ChildState&);
Outcome run(const CloseOnExec&, ChildState&);
Outcome run(const RefuseTerminalInput&, ChildState&);
Outcome run(const SetFilter&, ChildState&);
Outcome run(const NewRuleset&, ChildState&);
Outcome run(const AllowPath&, ChildState&);
Outcome run(const AllowPort&, ChildState&);
Outcome run(const RestrictSelf&, ChildState&);
Outcome run(const Exec&, ChildState&);
Outcome run(const Leave&, ChildState&);

/// The whole life of the child: its steps, and then, as init, the wait for the payload.
[[noreturn]] void run_child(ChildState& state);
/// Pid 1 after its fork; ends with the payload's status.
[[noreturn]] void run_init(ChildState& state, pid_t payload);

}  // namespace nsbox
