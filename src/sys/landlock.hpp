// SPDX-License-Identifier: MIT
// landlock(7): a process refuses itself files and ports. The numbers of rights that are younger than
// the machine's headers stand here.
#pragma once
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nsbox::sys {

struct LandlockRuleset {  // as of ABI 4 (Linux 6.7); an older kernel takes the part that it knows
  uint64_t files = 0, ports = 0;
};
struct LandlockPort {
  uint64_t access = 0, port = 0;
};
inline constexpr uint64_t landlock_refer = 1u << 13, landlock_truncate = 1u << 14, landlock_ioctl_device = 1u << 15;
inline constexpr uint64_t landlock_bind_tcp = 1u << 0, landlock_connect_tcp = 1u << 1;
inline constexpr int landlock_rule_port = 2;

/// The kernel's ABI version; ENOSYS or EOPNOTSUPP when it has no Landlock, or has it switched off.
inline int landlock_abi() { return static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION)); }
/// Ports only where there are any: Linux before 6.7 has no such field.
inline int landlock_create(const LandlockRuleset& ruleset) {
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, &ruleset, ruleset.ports ? sizeof ruleset : sizeof ruleset.files, 0));
}
inline int landlock_allow_path(int ruleset, uint64_t access, int fd) {
  struct landlock_path_beneath_attr rule = {};
  rule.allowed_access = access;
  rule.parent_fd = fd;
  return static_cast<int>(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}
inline int landlock_allow_port(int ruleset, uint64_t access, uint16_t port) {
  const LandlockPort rule = {access, port};
  return static_cast<int>(syscall(SYS_landlock_add_rule, ruleset, landlock_rule_port, &rule, 0));
}
inline int landlock_restrict_self(int ruleset) { return static_cast<int>(syscall(SYS_landlock_restrict_self, ruleset, 0)); }

}  // namespace nsbox::sys
