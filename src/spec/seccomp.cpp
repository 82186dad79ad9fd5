// SPDX-License-Identifier: MIT
#include "spec/seccomp.hpp"

#include <errno.h>

#include "filter/default_policy.hpp"
#include "filter/names.hpp"
#include "spec/builder.hpp"

namespace nsbox {
namespace {

uint32_t verdict_of(CallAnswer answer) {
  switch (answer) {
    case CallAnswer::allow: return SECCOMP_RET_ALLOW;
    case CallAnswer::deny: return filter::refuse(EPERM);
    case CallAnswer::enosys: return filter::refuse(ENOSYS);
    case CallAnswer::kill: return SECCOMP_RET_KILL_PROCESS;
    case CallAnswer::log: return SECCOMP_RET_LOG;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

struct ListOf {
  std::string_view key;
  const std::vector<CallName>& calls;
  CallAnswer answer;
};
std::array<ListOf, 5> lists_of(const SeccompLists& lists) {
  return {{{"allow", lists.allow, CallAnswer::allow}, {"deny", lists.deny, CallAnswer::deny}, {"enosys", lists.enosys, CallAnswer::enosys},
           {"kill", lists.kill, CallAnswer::kill}, {"log", lists.log, CallAnswer::log}}};
}

filter::Variant variant_of(const Security& security) {
  return {security.allow_nested_userns, security.capabilities.has("FSETID")};
}

filter::Policy policy_of(const Security& security) {
  if (security.seccomp.profile) return policy_of(*security.seccomp.profile, security);
  const SeccompLists& lists = security.seccomp.lists;
  filter::Policy policy = filter::default_policy(variant_of(security));
  filter::Abi& abi = policy.abis[0];
  if (lists.otherwise) {
    abi.calls.clear();
    abi.otherwise = verdict_of(*lists.otherwise);
  }
  for (const ListOf& list : lists_of(lists))
    for (const CallName& call : list.calls)
      if (const auto number = filter::number_of(call.name)) abi.calls[*number] = {{{}, verdict_of(list.answer)}};
  return policy;
}

/// What a capability is mainly for, where nsbox's own filter refuses that.
struct CallsOf {
  std::string_view capability, calls;
};
constexpr CallsOf calls_of[] = {{"SYS_CHROOT", "chroot"}, {"SYS_MODULE", "init_module, finit_module, delete_module"}, {"SYS_BOOT", "reboot"}, {"SYS_PACCT", "acct"},
                                {"SYS_TIME", "clock_settime, settimeofday"}, {"BPF", "bpf"}, {"PERFMON", "perf_event_open"}, {"SYSLOG", "syslog"},
                                {"DAC_READ_SEARCH", "open_by_handle_at"}, {"SYS_TTY_CONFIG", "vhangup"}, {"SYS_RAWIO", "iopl, ioperm"}};

void check_capabilities(const Check& check, std::span<const struct sock_filter> program) {
  const Capabilities& capabilities = check.spec.security.capabilities;
  if (capabilities.all) return;  // no single one of them was asked for
  for (const CallsOf& each : calls_of) {
    if (!capabilities.has(each.capability)) continue;
    const std::vector<std::string> calls = split(each.calls, ',');
    const bool refused = std::all_of(calls.begin(), calls.end(), [&](const std::string& call) {
      const auto number = filter::number_of(std::string_view(call).substr(call.starts_with(' ')));
      return number && (filter::answer(program, filter::native_arch, *number).verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
    });
    if (refused) check.add(Code::filtered_capability, check.spec.mark_of("/security/capabilities"), "/security/capabilities", {std::string(each.capability), std::string(each.calls)});
  }
}

}  // namespace

bool Codec<CallName>::decode(Decoder& decoder, const Node& node, CallName& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "the name of a system call");
  out.name = node.text;
  if (filter::is_call(out.name)) return true;
  const std::vector<std::string_view> names(filter::call_names().begin(), filter::call_names().end());
  std::vector<std::string> args{out.name};
  if (const std::string_view near = nearest(out.name, names); !near.empty()) args.emplace_back(near);
  decoder.error(Code::unknown_call, node, std::move(args));
  return false;
}

bool Codec<Seccomp>::decode(Decoder& decoder, const Node& node, Seccomp& out) {
  if (node.is_map()) {
    out.kind = Seccomp::Kind::lists;
    return decoder.read_fields(node, out.lists);
  }
  if (node.is_scalar() && node.text == "default") return out.kind = Seccomp::Kind::standard, true;
  if (node.is_scalar() && node.text == "off") return out.kind = Seccomp::Kind::off, true;
  if (!node.is_scalar() || node.text.find_first_of("/.") == std::string::npos) return decoder.wrong_type(node, "default, off, the path of a profile, or a mapping of lists");
  out.kind = Seccomp::Kind::profile;
  return Codec<HostPath>::decode(decoder, node, out.path);
}

Node Codec<Seccomp>::encode(const Seccomp& value) {
  switch (value.kind) {
    case Seccomp::Kind::standard: return Node::scalar("default");
    case Seccomp::Kind::off: return Node::scalar("off");
    case Seccomp::Kind::profile: return Node::scalar(value.path.path);
    case Seccomp::Kind::lists: break;
  }
  Node node = encode_fields(value.lists);
  std::erase_if(node.members, [](const Member& member) { return member.value.is_list() && member.value.items.empty(); });
  return node;
}

Node Codec<Seccomp>::schema() {
  return schema_any_of({titled("nsbox's own, or none", schema_of_choice({"default", "off"})), titled("path of an OCI profile", schema_of_text("[/.]")), titled("lists", schema_of_fields<SeccompLists>())});
}

void check_seccomp(const Check& check) {
  const Security& security = check.spec.security;
  if (security.seccomp.kind == Seccomp::Kind::standard && security.capabilities.mask) check_capabilities(check, filter::built_in(variant_of(security)).program);
  if (security.seccomp.kind == Seccomp::Kind::off) check.add(Code::no_filter, check.spec.mark_of("/security/seccomp"), "/security/seccomp");
  if (security.seccomp.kind != Seccomp::Kind::lists && !security.seccomp.profile) return;
  std::vector<std::string> unknown;
  if (security.seccomp.profile) policy_of(*security.seccomp.profile, security, &unknown);
  if (!unknown.empty()) check.add(Code::profile_unknown_calls, check.spec.mark_of("/security/seccomp"), "/security/seccomp", {security.seccomp.path.path, join(unknown, ", ")});
  std::map<std::string, std::string> seen;
  for (const ListOf& list : lists_of(security.seccomp.lists)) {
    for (size_t i = 0; i < list.calls.size(); i++) {
      const std::string pointer = pointer_to(pointer_to("/security/seccomp", list.key), i);
      const auto [before, fresh] = seen.emplace(list.calls[i].name, list.key);
      if (!fresh) check.add(Code::call_twice, check.spec.mark_of(pointer), pointer, {list.calls[i].name, before->second});
    }
  }
  const filter::Program program = filter::compile(policy_of(security));
  check_capabilities(check, program);
  if (program.size() > BPF_MAXINSNS) check.add(Code::filter_too_long, check.spec.mark_of("/security/seccomp"), "/security/seccomp", {std::to_string(program.size())});
  // The last two steps come after the filter, or are judged by it.
  const std::vector<std::string_view> needed = security.no_new_privs ? std::vector<std::string_view>{"execve"} : std::vector<std::string_view>{"execve", "capset", "capget", "prctl"};
  for (const std::string_view call : needed) {
    const uint32_t verdict = filter::answer(program, filter::native_arch, *filter::number_of(call)).verdict;
    if (verdict != SECCOMP_RET_ALLOW && verdict != SECCOMP_RET_LOG)
      check.add(Code::filter_refuses_start, check.spec.mark_of("/security/seccomp"), "/security/seccomp", {std::string(call)});
  }
}

void plan_seccomp(PlanBuilder& builder) {
  const Security& security = builder.spec.security;
  const PlanBuilder::From from(builder, "/security/seccomp");
  switch (security.seccomp.kind) {
    case Seccomp::Kind::off: return;
    case Seccomp::Kind::standard: {
      const filter::BuiltIn built_in = filter::built_in(variant_of(security));
      builder.add(SetFilter{"default", built_in.program, built_in.hash}, Stage::seal);
      return;
    }
    case Seccomp::Kind::profile:
    case Seccomp::Kind::lists: {
      const filter::Program program = filter::compile(policy_of(security));
      const Str name = security.seccomp.profile ? builder.text(security.seccomp.path.path) : security.seccomp.lists.otherwise ? "lists" : "default, changed";
      builder.add(SetFilter{name, builder.plan.arena.list(program), builder.text(filter::hash_of(program))}, Stage::seal);
    }
  }
}

}  // namespace nsbox
