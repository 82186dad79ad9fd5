// SPDX-License-Identifier: MIT
#include "spec/seccomp_profile.hpp"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <charconv>

#include "fields/yaml.hpp"
#include "filter/names.hpp"
#include "spec/security.hpp"

namespace nsbox {
namespace {

#if defined(__x86_64__)
constexpr std::string_view native = "SCMP_ARCH_X86_64", other = "SCMP_ARCH_X86", third = "SCMP_ARCH_X32";
constexpr std::string_view machine_names[] = {"amd64", "x86_64"};
#else
constexpr std::string_view native = "SCMP_ARCH_AARCH64", other = "SCMP_ARCH_ARM", third = "";
constexpr std::string_view machine_names[] = {"arm64", "aarch64"};
#endif

bool holds(const std::optional<std::vector<std::string>>& list, std::string_view word) { return list && std::find(list->begin(), list->end(), word) != list->end(); }

/// The architectures of the profile that this machine has, as Docker's archMap or as a plain list.
bool lists(const SeccompProfile& profile, std::string_view architecture) {
  if (holds(profile.architectures, architecture)) return true;
  if (!profile.arch_map) return false;
  return std::any_of(profile.arch_map->begin(), profile.arch_map->end(), [&](const ProfileMap& map) { return map.architecture == native && holds(map.subs, architecture); });
}

/// A number, or (Podman's) its name; EPERM where there is neither.
int error_of(const std::optional<Int<0, 4095>>& number, const std::optional<std::string>& name) {
  if (number) return static_cast<int>(number->value);
  for (int error = 1; name && error < 134; error++)
    if (const char* each = strerrorname_np(error); each && *name == each) return error;
  return EPERM;
}

uint32_t verdict_of(ProfileAction action, int error) {
  switch (action) {
    case ProfileAction::allow: return SECCOMP_RET_ALLOW;
    case ProfileAction::errno_: return filter::refuse(error);
    case ProfileAction::kill_thread: return SECCOMP_RET_KILL_THREAD;
    case ProfileAction::kill_process: return SECCOMP_RET_KILL_PROCESS;
    case ProfileAction::trap: return SECCOMP_RET_TRAP;
    case ProfileAction::log: return SECCOMP_RET_LOG;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

template <class F>
void for_each_call(const SeccompProfile& profile, F&& f) {
  if (!profile.rules) return;
  for (const ProfileRule& rule : *profile.rules) {
    if (rule.names)
      for (const std::string& call : *rule.names) f(rule, call);
    if (rule.name) f(rule, *rule.name);
  }
}

/// Every condition of `includes`, and none of `excludes`. The kernels that nsbox runs on are all newer
/// than those that profiles ask for by minKernel.
bool counts(const ProfileRule& rule, const Security& security) {
  const auto has = [&](const std::string& capability) { return security.capabilities.has(capability); };
  const auto is_machine = [](const std::string& name) { return std::find(std::begin(machine_names), std::end(machine_names), name) != std::end(machine_names); };
  if (rule.includes) {
    if (rule.includes->caps && !std::all_of(rule.includes->caps->begin(), rule.includes->caps->end(), has)) return false;
    if (rule.includes->arches && !rule.includes->arches->empty() && std::none_of(rule.includes->arches->begin(), rule.includes->arches->end(), is_machine)) return false;
  }
  if (rule.excludes) {
    if (rule.excludes->caps && std::any_of(rule.excludes->caps->begin(), rule.excludes->caps->end(), has)) return false;
    if (rule.excludes->arches && std::any_of(rule.excludes->arches->begin(), rule.excludes->arches->end(), is_machine)) return false;
    if (rule.excludes->min_kernel) return false;
  }
  return true;
}

filter::Test test_of(const ProfileArgument& argument, bool is_32_bit) {
  using Op = filter::Test::Op;
  static constexpr Op ops[] = {Op::not_equal, Op::less, Op::less_equal, Op::equal, Op::greater_equal, Op::greater, Op::masked};
  filter::Test test;
  test.argument = static_cast<uint8_t>(argument.index.value);
  test.op = ops[static_cast<size_t>(argument.op)];
  test.is_32_bit = is_32_bit;
  test.value = test.op == Op::masked ? argument.value_two.value : argument.value.value;
  test.mask = test.op == Op::masked ? argument.value.value : 0;
  return test;
}

/// One rule's conditions as rows of which any may hold. Several on one argument are alternatives, as
/// the runtimes read them.
std::vector<filter::Rule> rows_of(const ProfileRule& rule, uint32_t verdict, bool is_32_bit) {
  const std::vector<ProfileArgument> none;
  const std::vector<ProfileArgument>& arguments = rule.args ? *rule.args : none;
  bool repeated = false;
  unsigned seen = 0;
  for (const ProfileArgument& each : arguments) {
    const unsigned bit = 1u << each.index.value;
    repeated |= (seen & bit) != 0;
    seen |= bit;
  }
  std::vector<filter::Rule> out;
  if (!repeated) {
    filter::Rule& row = out.emplace_back(filter::Rule{{}, verdict});
    for (const ProfileArgument& each : arguments) row.tests.push_back(test_of(each, is_32_bit));
    return out;
  }
  for (const ProfileArgument& each : arguments) out.push_back({{test_of(each, is_32_bit)}, verdict});
  return out;
}

}  // namespace

bool Codec<ArgumentValue>::decode(Decoder& decoder, const Node& node, ArgumentValue& out) {
  const char* end = node.text.data() + node.text.size();
  if (node.is_scalar() && node.plain) {
    const auto [at, error] = std::from_chars(node.text.data(), end, out.value);
    if (error == std::errc() && at == end) return true;
  }
  return decoder.wrong_type(node, "a number from 0 to 18446744073709551615");
}

bool SeccompProfile::has_other_abi() const { return lists(*this, other); }

std::optional<SeccompProfile> load_profile(Findings& findings, uint16_t file) {
  // JSON is YAML but for the tabs that it may be indented with.
  std::string& text = findings.files[file].text;
  std::replace(text.begin(), text.end(), '\t', ' ');
  const std::optional<Node> root = load_yaml(findings, file);
  if (!root) return std::nullopt;
  SeccompProfile profile;
  Decoder decoder(findings, "");
  if (!root->is_map()) {
    decoder.wrong_type(*root, "a profile: a mapping with 'defaultAction' and 'syscalls'");
    return std::nullopt;
  }
  if (!root->find("defaultAction")) decoder.error(Code::missing_key, *root, {"defaultAction"});
  const bool read = decoder.read(*root, profile);
  // One process, before it has threads: TSYNC changes nothing. The others would.
  bool flags = true;
  for (size_t i = 0; profile.flags && i < profile.flags->size(); i++) {
    const std::string& flag = (*profile.flags)[i];
    if (flag == "SECCOMP_FILTER_FLAG_TSYNC") continue;
    findings.add(Code::unknown_word, root->find("flags")->mark, pointer_to("/flags", i), {flag, "SECCOMP_FILTER_FLAG_TSYNC"});
    flags = false;
  }
  if (!read || !flags || !root->find("defaultAction")) return std::nullopt;
  // Each name with each condition becomes a rule: a small file could ask for more than the memory holds.
  size_t count = 0;
  for_each_call(profile, [&](const ProfileRule& rule, const std::string&) { count += rule.args ? std::max<size_t>(1, rule.args->size()) : 1; });
  if (count > 65536) {
    decoder.error(Code::profile_too_long, *root, {std::to_string(count)});
    return std::nullopt;
  }
  return profile;
}

filter::Policy policy_of(const SeccompProfile& profile, const Security& security, std::vector<std::string>* unknown) {
  filter::Policy policy;
  const uint32_t otherwise = verdict_of(profile.otherwise, error_of(profile.otherwise_errno, profile.otherwise_errno_name));
  const bool refuses = (otherwise & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  const auto add_calls = [&](filter::Abi& abi, filter::AbiName name) {
    const bool is_32_bit = name == filter::AbiName::other;
    if (refuses)
      for (const std::string& call : filter::call_names())
        if (const auto number = filter::number_of(call, name)) abi.calls[*number] = {};
    const auto add = [&](const ProfileRule& rule, const std::string& call) {
      const auto number = filter::number_of(call, name);
      if (!number) return;
      for (filter::Rule& row : rows_of(rule, verdict_of(rule.action, error_of(rule.errno_ret, rule.errno_name)), is_32_bit)) abi.calls[*number].push_back(std::move(row));
    };
    for_each_call(profile, [&](const ProfileRule& rule, const std::string& call) {
      if (counts(rule, security)) add(rule, call);
    });
    for (auto& [number, rules] : abi.calls) {
      // What holds whatever the arguments are comes last, and nothing after it.
      std::stable_sort(rules.begin(), rules.end(), [](const filter::Rule& a, const filter::Rule& b) { return !a.tests.empty() && b.tests.empty(); });
      const auto last = std::find_if(rules.begin(), rules.end(), [](const filter::Rule& rule) { return rule.tests.empty(); });
      if (last != rules.end()) rules.erase(last + 1, rules.end());
      else rules.push_back({{}, otherwise});
    }
  };
  filter::Abi& abi = policy.abis.emplace_back();
  abi.otherwise = abi.x32_otherwise = refuses ? filter::refuse(ENOSYS) : otherwise;
  add_calls(abi, filter::AbiName::native);
  if (lists(profile, third)) add_calls(abi, filter::AbiName::x32);
  else abi.x32_otherwise = filter::refuse(ENOSYS);
  if (profile.has_other_abi()) {
    filter::Abi& second = policy.abis.emplace_back();
    second.arch = filter::other_arch;
    second.otherwise = refuses ? filter::refuse(ENOSYS) : otherwise;
    add_calls(second, filter::AbiName::other);
  }
  if (unknown)
    for_each_call(profile, [&](const ProfileRule&, const std::string& call) {
      if (!filter::is_call_anywhere(call)) unknown->push_back(call);
    });
  return policy;
}

}  // namespace nsbox
