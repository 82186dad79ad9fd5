// SPDX-License-Identifier: MIT
#include "spec/security.hpp"

#include "base/capabilities.hpp"
#include "spec/builder.hpp"

namespace nsbox {
namespace {

const CapabilityInfo* find_capability(std::string_view word) {
  std::string upper;
  for (const char c : word) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string_view name = upper;
  if (name.starts_with("CAP_")) name.remove_prefix(4);
  for (const CapabilityInfo& each : capabilities)
    if (each.name == name) return &each;
  return nullptr;
}

/// sysctl names of a namespace: what the kernel keeps for each one (namespaces(7), sysctl(5)).
struct SysctlRule {
  std::string_view prefix;
  bool exact;
  NsType type;
};
constexpr SysctlRule sysctl_rules[] = {
    {"net.", false, NsType::net},          {"kernel.msg", false, NsType::ipc}, {"kernel.sem", true, NsType::ipc},
    {"kernel.shm", false, NsType::ipc},    {"fs.mqueue.", false, NsType::ipc},
};

const SysctlRule* sysctl_rule(std::string_view name) {
  const bool odd = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") != name.npos;
  if (odd || name.find("..") != name.npos || name.ends_with('.') || name.find('/') != name.npos) return nullptr;
  for (const SysctlRule& rule : sysctl_rules) {
    if (rule.exact ? name == rule.prefix : name.starts_with(rule.prefix) && name.size() > rule.prefix.size()) return &rule;
  }
  return nullptr;
}

void check_sysctl(const Check& check) {
  const auto& sysctl = check.spec.sysctl;
  for (size_t i = 0; i < sysctl.entries.size(); i++) {
    const auto& [name, value] = sysctl.entries[i];
    const std::string pointer = pointer_to("/sysctl", name);
    const SysctlRule* rule = sysctl_rule(name);
    if (!rule) {
      check.add(Code::bad_sysctl, sysctl.marks[i], pointer, {name});
      continue;
    }
    if (!check.spec.namespaces.fresh(rule->type)) check.add(Code::needs_namespace, sysctl.marks[i], pointer, {std::string(info(rule->type).name)});
    if (value.empty() || value.find_first_of("\n\r\0") != std::string::npos) check.add(Code::sysctl_value, sysctl.marks[i], pointer);
  }
}

/// Security modules that label a process at exec (apparmor(7), selinux(8); /proc/PID/attr in proc(5)).
struct Module {
  std::string_view key, name;
  std::optional<Label> Security::*label;
  const char *file, *verb;  // below /proc/self/attr, and what stands before the label
};
constexpr Module modules[] = {{"apparmor", "AppArmor", &Security::apparmor, "apparmor/exec", "exec "}, {"selinux", "SELinux", &Security::selinux, "exec", ""}};

}  // namespace

bool Capabilities::has(std::string_view name) const {
  const CapabilityInfo* found = find_capability(name);
  return all || (found && (mask >> found->number & 1));
}

bool Codec<Capabilities>::decode(Decoder& decoder, const Node& node, Capabilities& out) {
  out = {};
  if (node.is_scalar() && node.text == "all") return out.all = true;
  if (!node.is_list()) return decoder.wrong_type(node, "a list of capabilities, or all");
  bool ok = true;
  for (size_t i = 0; i < node.items.size(); i++) {
    const Node& item = node.items[i];
    if (item.broken || !item.is_scalar()) {
      if (!item.broken) decoder.findings.add(Code::wrong_type, item.mark, pointer_to(decoder.pointer(), i), {"the name of a capability", std::string(kind_words(item)), ""});
      ok = false;
      continue;
    }
    const CapabilityInfo* found = find_capability(item.text);
    if (found) {
      out.mask |= uint64_t{1} << found->number;
      continue;
    }
    std::vector<std::string_view> all;
    for (const CapabilityInfo& each : capabilities) all.push_back(each.name);
    std::string upper;
    for (const char c : item.text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (upper.starts_with("CAP_")) upper.erase(0, 4);
    std::vector<std::string> args{item.text};
    if (const std::string_view near = nearest(upper, all); !near.empty()) args.emplace_back(near);
    decoder.findings.add(Code::unknown_capability, item.mark, pointer_to(decoder.pointer(), i), std::move(args));
    ok = false;
  }
  return ok;
}

bool Codec<Label>::decode(Decoder& decoder, const Node& node, Label& out) {
  if (!Codec<std::string>::decode(decoder, node, out.text)) return false;
  const bool odd = out.text.empty() || out.text.size() > 1024 || std::any_of(out.text.begin(), out.text.end(), [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f; });
  if (odd) decoder.error(Code::bad_label, node, {out.text});
  return !odd;
}

Node Codec<Capabilities>::encode(const Capabilities& value) {
  if (value.all) return Node::scalar("all");
  Node list = Node::list();
  for (const CapabilityInfo& each : capabilities)
    if (value.mask >> each.number & 1) list.items.push_back(Node::scalar(std::string(each.name)));
  return list;
}

Node Codec<Capabilities>::schema() {
  std::string pattern = "^([cC][aA][pP]_)?(";
  for (const CapabilityInfo& each : capabilities) {
    if (&each != capabilities) pattern += '|';
    for (const char c : each.name) {
      if (c >= 'A' && c <= 'Z') pattern += std::string("[") + c + static_cast<char>(c - 'A' + 'a') + "]";
      else pattern += c;
    }
  }
  Node list = schema_of_type("array");
  list.set("items", schema_any_of({schema_of_text(pattern + ")$"), schema_of_text("\\$\\{")}));
  return schema_any_of({titled("names", std::move(list)), titled("all", schema_of_choice({"all"}))});
}

void check_security(const Check& check) {
  const Spec& spec = check.spec;
  check_sysctl(check);
  check_seccomp(check);
  check_landlock(check);
  if (spec.network.mode != NetworkMode::none)
    check.add(Code::network_mode, spec.mark_of("/network/mode"), "/network/mode", {std::string(name_of(spec.network.mode))});
  const auto& allowed = spec.allow_warnings;
  for (size_t i = 0; i < allowed.entries.size(); i++) {
    const auto& [slug, reason] = allowed.entries[i];
    const std::string pointer = pointer_to("/allow_warnings", slug);
    if (!is_warning(slug)) {
      std::vector<std::string> args{slug};
      if (const std::string_view near = nearest(slug, warning_slugs()); !near.empty()) args.emplace_back(near);
      check.add(Code::unknown_warning, allowed.marks[i], pointer, std::move(args));
    } else if (reason.empty()) {
      check.add(Code::empty_reason, allowed.marks[i], pointer);
    }
  }
}

void plan_sysctl(PlanBuilder& builder) {
  for (const auto& [name, value] : builder.spec.sysctl.entries) {
    const PlanBuilder::From from(builder, pointer_to("/sysctl", name));
    std::string path = name;
    for (char& c : path)
      if (c == '.') c = '/';
    builder.add(WriteSysctl{builder.text(path), builder.text(value)}, Stage::isolate);
  }
  if (builder.new_user_namespace() && !builder.spec.security.allow_nested_userns) {
    const PlanBuilder::From from(builder, "/security/allow_nested_userns");
    builder.add(WriteSysctl{builder.text("user/max_user_namespaces"), builder.text("0")}, Stage::isolate);
  }
}

void plan_labels(PlanBuilder& builder) {
  for (const Module& each : modules) {
    const auto& label = builder.spec.security.*each.label;
    if (!label) continue;
    const PlanBuilder::From from(builder, pointer_to("/security", each.key));
    if (builder.facts.has_module(each.key)) builder.add(SetExecLabel{each.file, builder.text(each.verb + label->text), builder.text(label->text)}, Stage::become);
    else builder.error(Code::no_module, {std::string(each.name)});
  }
}

void plan_credentials(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  const Security& security = spec.security;
  const Process& process = spec.process;
  const Caller& caller = builder.facts.caller;
  const uint64_t mask = security.capabilities.of(builder.facts);
  builder.plan.sealed_self = caller.root && !builder.new_user_namespace() && security.capabilities.has("SYS_PTRACE");
  const bool has_rights = caller.root || !spec.namespaces[NsType::user].is_host();

  // The ids that the payload gets, and those that it has when it starts.
  const auto start_id = [&](bool group) -> int64_t {
    const auto inside = builder.maps.inside(group, group ? caller.gid : caller.uid);
    return inside ? *inside : 0;
  };
  bool looked_up = false;
  const auto wanted = [&](const std::optional<UserRef>& ref, bool group) -> int64_t {
    if (!ref) return start_id(group);
    if (ref->name.empty()) return ref->id;
    looked_up = true;
    return -1;
  };
  const int64_t uid = wanted(process.user, false);
  // A user by name brings its group from the same line, unless another is written.
  const int64_t gid = uid < 0 && !process.group ? -1 : wanted(process.group, true);
  std::vector<uint32_t> groups;
  std::vector<Str> group_names;
  for (const UserRef& group : process.groups) {
    if (group.name.empty()) groups.push_back(group.id);
    else group_names.push_back(builder.text(group.name));
  }
  if (looked_up || !group_names.empty()) {
    const PlanBuilder::From from(builder, looked_up && process.user && !process.user->name.empty() ? "/process/user" : process.group && !process.group->name.empty() ? "/process/group" : "/process/groups");
    LookUpUser step;
    if (process.user && !process.user->name.empty()) step.user = builder.text(process.user->name);
    if (process.group && !process.group->name.empty()) step.group = builder.text(process.group->name);
    step.groups = builder.plan.arena.list(group_names);
    builder.add(step, Stage::open);
  }

  if (security.landlock) plan_landlock_rules(builder);
  if (has_rights) {
    const PlanBuilder::From from(builder, "/security/capabilities");
    builder.add(DropBounding{mask}, Stage::credentials);
  }
  const bool joined = spec.namespaces.joined(NsType::user);
  if (builder.maps.setgroups && has_rights && !(joined && process.groups.empty())) {
    const PlanBuilder::From from(builder, "/process/groups");
    builder.add(SetGroups{builder.plan.arena.list(groups), !group_names.empty()}, Stage::credentials);
  }
  const bool ids_change = looked_up || uid != start_id(false) || gid != start_id(true);
  if (ids_change) {
    const PlanBuilder::From from(builder, process.user ? "/process/user" : "/process/group");
    builder.add(SetIds{uid, gid, has_rights}, Stage::credentials);
  }
  {
    const PlanBuilder::From from(builder, "/security/capabilities");
    if (mask == 0 && has_rights) builder.add(LockSecurebits{}, Stage::credentials);
    // Without no_new_privs the filter wants CAP_SYS_ADMIN, so the capabilities go after it.
    if (security.no_new_privs) builder.add(SetCapabilities{mask}, Stage::credentials);
  }
  // A change of identity clears the parent-death signal.
  if (ids_change && !builder.plan.supervision.init) builder.add(PayloadStep{WatchLauncher{}}, Stage::credentials);
}

void plan_seal(PlanBuilder& builder) {
  const Security& security = builder.spec.security;
  {
    const PlanBuilder::From from(builder, "/security/no_new_privs");
    if (security.no_new_privs) builder.add(NoNewPrivileges{}, Stage::seal);
  }
  plan_landlock(builder);
  builder.add(RefuseTerminalInput{}, Stage::seal);
  plan_seccomp(builder);
  if (!security.no_new_privs) {
    const PlanBuilder::From from(builder, "/security/capabilities");
    builder.add(SetCapabilities{security.capabilities.of(builder.facts)}, Stage::seal);
  }
}

}  // namespace nsbox
