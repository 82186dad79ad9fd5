// SPDX-License-Identifier: MIT
// What is asked of a supervisor, and answered: one datagram each way, no connection, nobody waits.
//
//   client                                               supervisor
//     │ ── Request, the other end of a pair ──────────────▶ │  NAME/control, a path in a folder of mode 0700
//     │ ◀─ Answer, with descriptors ───────────────────────│
//     │ ◀─ end of file ────────────────────────────────────│  (or its death)
//
// Both sides look at whom the kernel names as the sender: the supervisor answers its own user and
// root, the client believes only the process that holds the sandbox's lock.
#pragma once
#include <sys/resource.h>

#include <array>
#include <functional>
#include <string>

#include "box/states.hpp"
#include "plan/step.hpp"
#include "run/page.hpp"

namespace nsbox::box {

struct Request {
  enum class Kind : uint32_t { shared, stop, wait };  // wait: answered when the sandbox has ended
  uint32_t version = 1;
  Kind kind = Kind::shared;
  int64_t timeout_ns = -1;  // stop; -1: the plan's
};

inline constexpr size_t limit_count = RLIM_NLIMITS;

/// What the supervisor knows of its sandbox that nobody else may say.
struct Known {
  uint32_t version = 1;
  uint32_t shared = 0;  // which descriptors follow the plan's, one bit each
  Ids looked_up;
  struct rlimit limits[limit_count] = {};  // of the caller of `up`
  int32_t status = -1;  // wait: the exit status
};

struct Answer {
  Known known;
  Fd plan;  // a sealed file in memory
  std::array<Fd, shared_count> shared;
};

/// The supervisor's end; empty with errno, and the call that failed.
Fd make_control(const Fd& entry, const char*& call);
/// One request, read without waiting. `answer` is given the end to answer at.
void read_control(const Fd& control, const std::function<void(const Request&, int reply)>& answer);
/// `plan` and `shared` may be empty.
void send_answer(int reply, const Known& known, int plan, const std::array<Fd, shared_count>& shared);

/// "" or the reason why there is no answer.
std::string ask(const Sandbox& sandbox, const Request& request, Answer& out);

}  // namespace nsbox::box
