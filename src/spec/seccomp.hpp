// SPDX-License-Identifier: MIT
// security.seccomp: which system calls the payload has.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fields/scalars.hpp"
#include "filter/policy.hpp"
#include "spec/seccomp_profile.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;

struct CallName {
  std::string name;
};
template <>
struct Codec<CallName> {
  static bool decode(Decoder&, const Node&, CallName& out);
  static Node encode(const CallName& value) { return Node::scalar(value.name); }
  static Node schema() { return schema_of_text("^[a-z0-9_]+$|\\$\\{"); }
  static std::string type() { return "name of a system call"; }
};

enum class CallAnswer : uint8_t { allow, deny, enosys, kill, log };
template <>
struct EnumNames<CallAnswer> {
  static constexpr std::pair<std::string_view, CallAnswer> names[] = {
      {"allow", CallAnswer::allow}, {"deny", CallAnswer::deny}, {"enosys", CallAnswer::enosys}, {"kill", CallAnswer::kill}, {"log", CallAnswer::log}};
};

/// Changes of nsbox's own filter, or with `default` a policy without it.
struct SeccompLists {
  std::vector<CallName> allow, deny, enosys, kill, log;
  std::optional<CallAnswer> otherwise;

  static constexpr auto fields() {
    return std::tuple{
        field("allow", &SeccompLists::allow, "These pass, whatever their arguments."),
        field("deny", &SeccompLists::deny, "These answer EPERM."),
        field("enosys", &SeccompLists::enosys, "These answer ENOSYS, as if the kernel did not have them."),
        field("kill", &SeccompLists::kill, "These end the process by SIGSYS."),
        field("log", &SeccompLists::log, "These pass, and the kernel logs them."),
        field("default", &SeccompLists::otherwise, "What every other call gets; when absent, the lists change nsbox's own filter."),
    };
  }
};

struct Seccomp {
  enum class Kind : uint8_t { standard, off, lists, profile };
  Kind kind = Kind::standard;
  SeccompLists lists;
  HostPath path;  // of the profile,
  std::optional<SeccompProfile> profile;  // which composition reads

  /// The filter answers programs of the machine's own ABI alone.
  bool native_only() const { return kind != Kind::off && !(profile && profile->has_other_abi()); }
};
template <>
struct Codec<Seccomp> {
  static bool decode(Decoder&, const Node&, Seccomp& out);
  static Node encode(const Seccomp& value);
  static Node schema();
  static std::string type() { return "`default`, `off`, path of an OCI profile, or mapping of lists"; }
};

void check_seccomp(const Check& check);
void plan_seccomp(PlanBuilder& builder);

}  // namespace nsbox
