// SPDX-License-Identifier: MIT
// Filters as OCI runtimes take them (runtime-spec, config-linux.md, "seccomp"), with the conditions
// that Docker's and Podman's default profiles have beside it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fields/scalars.hpp"
#include "filter/policy.hpp"

namespace nsbox {

struct Security;

/// An unsigned number of 64 bits, as arguments of system calls are compared with.
struct ArgumentValue {
  uint64_t value = 0;
};
template <>
struct Codec<ArgumentValue> {
  static bool decode(Decoder&, const Node&, ArgumentValue& out);
};

enum class ProfileAction : uint8_t { allow, errno_, kill_thread, kill_process, trap, log };
template <>
struct EnumNames<ProfileAction> {
  static constexpr std::pair<std::string_view, ProfileAction> names[] = {
      {"SCMP_ACT_ALLOW", ProfileAction::allow}, {"SCMP_ACT_ERRNO", ProfileAction::errno_}, {"SCMP_ACT_KILL", ProfileAction::kill_thread},
      {"SCMP_ACT_KILL_THREAD", ProfileAction::kill_thread}, {"SCMP_ACT_KILL_PROCESS", ProfileAction::kill_process}, {"SCMP_ACT_TRAP", ProfileAction::trap},
      {"SCMP_ACT_LOG", ProfileAction::log}};
};

enum class ProfileOp : uint8_t { not_equal, less, less_equal, equal, greater_equal, greater, masked };
template <>
struct EnumNames<ProfileOp> {
  static constexpr std::pair<std::string_view, ProfileOp> names[] = {
      {"SCMP_CMP_NE", ProfileOp::not_equal}, {"SCMP_CMP_LT", ProfileOp::less}, {"SCMP_CMP_LE", ProfileOp::less_equal}, {"SCMP_CMP_EQ", ProfileOp::equal},
      {"SCMP_CMP_GE", ProfileOp::greater_equal}, {"SCMP_CMP_GT", ProfileOp::greater}, {"SCMP_CMP_MASKED_EQ", ProfileOp::masked}};
};

struct ProfileArgument {
  Int<0, 5> index;
  ArgumentValue value, value_two;  // of `masked`: the mask, and what it leaves
  ProfileOp op = ProfileOp::equal;
  static constexpr auto fields() {
    return std::tuple{field("index", &ProfileArgument::index, ""), field("value", &ProfileArgument::value, ""), field("valueTwo", &ProfileArgument::value_two, ""),
                      field("op", &ProfileArgument::op, "")};
  }
};

/// When a rule counts at all.
struct ProfileCondition {
  std::optional<std::vector<std::string>> caps, arches;
  std::optional<std::string> min_kernel;
  static constexpr auto fields() {
    return std::tuple{field("caps", &ProfileCondition::caps, ""), field("arches", &ProfileCondition::arches, ""), field("minKernel", &ProfileCondition::min_kernel, "")};
  }
};

struct ProfileRule {
  std::optional<std::vector<std::string>> names;
  std::optional<std::string> name, comment, errno_name;
  ProfileAction action = ProfileAction::errno_;
  std::optional<Int<0, 4095>> errno_ret;
  std::optional<std::vector<ProfileArgument>> args;
  std::optional<ProfileCondition> includes, excludes;
  static constexpr auto fields() {
    return std::tuple{field("names", &ProfileRule::names, ""),       field("name", &ProfileRule::name, ""),         field("comment", &ProfileRule::comment, ""),
                      field("action", &ProfileRule::action, ""),     field("errnoRet", &ProfileRule::errno_ret, ""), field("errno", &ProfileRule::errno_name, ""), field("args", &ProfileRule::args, ""),
                      field("includes", &ProfileRule::includes, ""), field("excludes", &ProfileRule::excludes, "")};
  }
};

struct ProfileMap {
  std::string architecture;
  std::optional<std::vector<std::string>> subs;
  static constexpr auto fields() { return std::tuple{field("architecture", &ProfileMap::architecture, ""), field("subArchitectures", &ProfileMap::subs, "")}; }
};

struct SeccompProfile {
  ProfileAction otherwise = ProfileAction::errno_;
  std::optional<Int<0, 4095>> otherwise_errno;
  std::optional<std::string> otherwise_errno_name, comment;
  std::optional<std::vector<std::string>> architectures, flags;
  std::optional<std::vector<ProfileMap>> arch_map;
  std::optional<std::vector<ProfileRule>> rules;
  static constexpr auto fields() {
    return std::tuple{field("defaultAction", &SeccompProfile::otherwise, ""), field("defaultErrnoRet", &SeccompProfile::otherwise_errno, ""),
                      field("defaultErrno", &SeccompProfile::otherwise_errno_name, ""), field("comment", &SeccompProfile::comment, ""),
                      field("architectures", &SeccompProfile::architectures, ""), field("flags", &SeccompProfile::flags, ""),
                      field("archMap", &SeccompProfile::arch_map, ""), field("syscalls", &SeccompProfile::rules, "")};
  }

  /// Whether programs of the machine's other ABI (i386) are allowed for.
  bool has_other_abi() const;
};

/// Reads the text of `findings.files[file]`.
std::optional<SeccompProfile> load_profile(Findings& findings, uint16_t file);

/// Calls of the profile that no architecture has are added to `unknown`. A number that has no name is
/// answered ENOSYS where the profile refuses by default: a program takes that for an older kernel.
filter::Policy policy_of(const SeccompProfile& profile, const Security& security, std::vector<std::string>* unknown = nullptr);

}  // namespace nsbox
