// SPDX-License-Identifier: MIT
// Processes: clone3, pidfds, capabilities, securebits.
#pragma once
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

namespace nsbox::sys {

/// A fork-like clone3(2) (Linux 5.3; no CLONE_VM): 0 in the child. `pidfd` may be null.
inline pid_t clone3(uint64_t flags, int exit_signal, int* pidfd) {
  struct clone_args args = {};
  args.flags = flags | (pidfd ? CLONE_PIDFD : 0);
  args.exit_signal = static_cast<uint64_t>(exit_signal);
  args.pidfd = reinterpret_cast<uint64_t>(pidfd);
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

inline int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
inline int pidfd_send_signal(int pidfd, int signal) { return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)); }

/// Permitted, effective and inheritable in one call (capset(2), version 3).
inline int capset(uint64_t permitted, uint64_t effective, uint64_t inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  for (int i = 0; i < 2; i++) {
    data[i].permitted = static_cast<uint32_t>(permitted >> (32 * i));
    data[i].effective = static_cast<uint32_t>(effective >> (32 * i));
    data[i].inheritable = static_cast<uint32_t>(inheritable >> (32 * i));
  }
  return static_cast<int>(syscall(SYS_capset, &header, data));
}

inline int capget(uint64_t& permitted, uint64_t& effective, uint64_t& inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  permitted = data[0].permitted | static_cast<uint64_t>(data[1].permitted) << 32;
  effective = data[0].effective | static_cast<uint64_t>(data[1].effective) << 32;
  inheritable = data[0].inheritable | static_cast<uint64_t>(data[1].inheritable) << 32;
  return 0;
}

}  // namespace nsbox::sys
