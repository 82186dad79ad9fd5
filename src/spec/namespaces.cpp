// SPDX-License-Identifier: MIT
#include "spec/namespaces.hpp"

#include <sched.h>

#include "spec/builder.hpp"

namespace nsbox {
namespace {

const NsInfo* find_type(std::string_view name) {
  for (const NsInfo& each : ns_types)
    if (each.name == name) return &each;
  return nullptr;
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (const NsInfo& each : ns_types) names.push_back(each.name);
  return names;
}

void unknown_type(Findings& findings, Mark mark, const std::string& pointer, const std::string& word) {
  std::string_view near = nearest(word, type_names());
  if (word == "mnt") near = "mount";
  if (word == "network") near = "net";
  std::vector<std::string> args{word};
  if (!near.empty()) args.emplace_back(near);
  findings.add(Code::bad_namespace, mark, pointer, std::move(args));
}

bool decode_join(Decoder& decoder, const Node& node, NsChoice& out) {
  if (node.broken || !node.is_scalar()) return decoder.wrong_type(node, "a path, pid:N or sandbox:NAME");
  if (node.form == "pid") {
    if (parse_integer(node.text, out.pid) && out.pid > 0 && out.pid <= 4194304) {
      out.how = NsChoice::How::join;
      return true;
    }
    out.pid = 0;
    decoder.error(Code::bad_join, node, {"pid:" + node.text});
    return false;
  }
  if (node.form == "sandbox") {
    out.how = NsChoice::How::join;
    out.sandbox = node.text;
    if (good_name(node.text)) return true;
    decoder.error(Code::bad_join, node, {"sandbox:" + node.text});
    return false;
  }
  if (node.text.find('/') == std::string::npos) {
    decoder.error(Code::bad_join, node, {node.text});
    return false;
  }
  HostPath path;
  if (!Codec<HostPath>::decode(decoder, node, path)) return false;
  out.how = NsChoice::How::join;
  out.path = path.path;
  return true;
}

bool decode_choice_of(Decoder& decoder, const Node& node, NsChoice& out) {
  out = NsChoice{};
  out.mark = node.mark;
  if (node.is_scalar() && (node.text == "new" || node.text == "host")) {
    out.how = node.text == "new" ? NsChoice::How::fresh : NsChoice::How::host;
    return true;
  }
  if (node.is_map() && node.members.size() == 1) {
    const Member& member = node.members[0];
    if (member.key == "join") {
      return decode_join(decoder, member.value, out);
    }
    if (member.key == "pin") {
      HostPath path;
      if (!Codec<HostPath>::decode(decoder, member.value, path)) return false;
      out.how = NsChoice::How::fresh;
      out.pin = path.path;
      return true;
    }
  }
  const std::vector<std::string_view> known{"join", "pin"};
  bool unknown = false;
  for (const Member& member : node.members) {
    if (member.key == "join" || member.key == "pin") continue;
    std::vector<std::string> args{member.key};
    if (const std::string_view near = nearest(member.key, known); !near.empty()) args.emplace_back(near);
    decoder.findings.add(Code::unknown_key, member.mark, pointer_to(decoder.pointer(), member.key), std::move(args));
    unknown = true;
  }
  if (!unknown) decoder.error(Code::bad_namespace_value, node, {node.is_scalar() ? "'" + node.text + "'" : std::string(kind_words(node))});
  return false;
}

}  // namespace

std::array<NsChoice, 8> Namespaces::defaults() {
  std::array<NsChoice, 8> all{};
  all[static_cast<uint8_t>(NsType::time)].how = NsChoice::How::host;
  return all;
}

std::string NsChoice::words() const { return pid ? "pid:" + std::to_string(pid) : !sandbox.empty() ? "sandbox:" + sandbox : path; }

bool Namespaces::any_joined() const {
  for (const NsChoice& choice : of)
    if (choice.how == NsChoice::How::join) return true;
  return false;
}

uint64_t Namespaces::fresh_flags() const {
  uint64_t flags = 0;
  for (const NsInfo& each : ns_types)
    if (fresh(each.type)) flags |= each.flag;
  return flags;
}

void Namespaces::expand(Findings& findings, Node& node) {
  if (node.is_map()) {
    for (Member& member : node.members) {
      Node* join = member.value.is_map() ? member.value.find("join") : nullptr;
      if (!join || !join->is_scalar()) continue;
      for (const std::string_view form : {"pid", "sandbox"}) {
        if (!join->text.starts_with(form) || join->text.size() <= form.size() || join->text[form.size()] != ':') continue;
        join->form = form;
        join->text.erase(0, form.size() + 1);
        break;
      }
    }
    return;
  }
  if (!node.is_list()) return;
  Node map = Node::map();
  map.mark = node.mark;
  map.members.reserve(node.items.size());
  bool broken = false;  // then the types that are not named may be meant by it: they keep their default
  for (size_t i = 0; i < node.items.size(); i++) {
    const Node& item = node.items[i];
    const std::string pointer = pointer_to("/namespaces", i);
    if (item.broken) {
      broken = true;
    } else if (!item.is_scalar()) {
      findings.add(Code::wrong_type, item.mark, pointer, {"a namespace type", std::string(kind_words(item)), ""});
      broken = true;
    } else if (!find_type(item.text)) {
      unknown_type(findings, item.mark, pointer, item.text);
      broken = true;
    } else if (const Node* first = map.find(item.text)) {
      findings.add(Code::namespace_twice, item.mark, pointer, {item.text}, first->mark);
    } else {
      Node value = Node::scalar("new");
      value.mark = item.mark;
      map.set(item.text, std::move(value));
    }
  }
  for (const NsInfo& each : ns_types) {
    if (broken || map.find(each.name)) continue;
    Node value = Node::scalar("host");
    value.mark = node.mark;
    map.set(each.name, std::move(value));
  }
  node = std::move(map);
}

bool Codec<Namespaces>::decode(Decoder& decoder, const Node& node, Namespaces& out) {
  if (!node.is_map()) return decoder.wrong_type(node, "a list or a mapping of namespace types");
  bool ok = true;
  for (const Member& member : node.members) {
    const NsInfo* type = find_type(member.key);
    if (!type) {
      unknown_type(decoder.findings, member.mark, pointer_to(decoder.pointer(), member.key), member.key);
      ok = false;
      continue;
    }
    ok &= decoder.read_at(member.key, member.value, out.of[static_cast<uint8_t>(type->type)]);
  }
  return ok;
}

bool Codec<NsChoice>::decode(Decoder& decoder, const Node& node, NsChoice& out) {
  const bool ok = decode_choice_of(decoder, node, out);
  out.broken = !ok;
  return ok;
}

Node Codec<NsChoice>::encode(const NsChoice& value) {
  if (!value.pin.empty()) {
    Node map = Node::map();
    map.set("pin", Node::scalar(value.pin));
    return map;
  }
  if (value.how != NsChoice::How::join) return Node::scalar(value.how == NsChoice::How::fresh ? "new" : "host");
  Node map = Node::map();
  map.set("join", Node::scalar(value.words()));
  return map;
}

Node Codec<Namespaces>::encode(const Namespaces& value) {
  Node map = Node::map();
  for (const NsInfo& each : ns_types) map.set(each.name, Codec<NsChoice>::encode(value[each.type]));
  return map;
}

Node Codec<Namespaces>::schema() {
  std::vector<std::string_view> names = type_names();
  Node list = schema_of_type("array");
  Node plain = Node::map(), words = Node::list();
  for (const std::string_view name : names) words.items.push_back(Node::scalar(std::string(name)));
  plain.set("enum", std::move(words));
  list.set("items", std::move(plain));
  list.set("uniqueItems", Node::boolean(true));

  Node join = schema_of_type("object"), join_keys = Node::map(), need = Node::list();
  Node ref = Node::map();
  ref.set("description", Node::scalar("An existing one: pid:N, sandbox:NAME, or the path of a namespace file."));
  for (Member& member : schema_of_text("^((pid|sandbox):[\\s\\S]+|[\\s\\S]*(/|\\$\\{)[\\s\\S]*)$").members) ref.set(member.key, std::move(member.value));
  join_keys.set("join", std::move(ref));
  join.set("properties", std::move(join_keys));
  need.items.push_back(Node::scalar("join"));
  join.set("required", std::move(need));
  join.set("additionalProperties", Node::boolean(false));
  Node pin = schema_of_type("object"), pin_keys = Node::map(), pin_need = Node::list();
  Node at = Codec<HostPath>::schema();
  at.set("description", Node::scalar("New, and kept by a bind mount at this path of the host until `nsbox unpin`. Needs root."));
  pin_keys.set("pin", std::move(at));
  pin.set("properties", std::move(pin_keys));
  pin_need.items.push_back(Node::scalar("pin"));
  pin.set("required", std::move(pin_need));
  pin.set("additionalProperties", Node::boolean(false));

  Node properties = Node::map();
  for (const NsInfo& each : ns_types) {
    Node choice = schema_any_of({titled("new or host", schema_of_choice({"new", "host"})), titled("join", join), titled("pin", pin), schema_of_type("null")});
    choice.set("description", Node::scalar(std::string(each.what)));
    properties.set(each.name, std::move(choice));
  }
  Node map = schema_of_type("object");
  map.set("properties", std::move(properties));
  map.set("additionalProperties", Node::boolean(false));
  return schema_any_of({titled("exactly these are new", std::move(list)), titled("single types", std::move(map))});
}

void check_namespaces(const Check& check) {
  const Spec& spec = check.spec;
  const Namespaces& ns = spec.namespaces;
  const bool user_fresh = ns.fresh(NsType::user), user_joined = ns.joined(NsType::user);

  std::string unwritten;  // new by default, with the same answer
  for (const NsInfo& each : ns_types) {
    const NsChoice& choice = ns[each.type];
    const std::string pointer = pointer_to("/namespaces", each.name);
    const Mark mark = choice.mark.line ? choice.mark : spec.mark_of("/namespaces");
    if (!choice.pin.empty() && each.type == NsType::pid) check.add(Code::pin_pid, mark, pointer);
    else if (!choice.pin.empty() && !check.caller.root) check.add(Code::pin_needs_root, mark, pointer, {std::string(each.name)});
    if (each.type == NsType::user || choice.broken || ns[NsType::user].broken) continue;
    if (choice.how == NsChoice::How::fresh && !user_fresh && !user_joined && !check.caller.root) {
      if (choice.mark.line) check.add(Code::user_namespace_needed, mark, pointer, {std::string(each.name)});
      else unwritten += (unwritten.empty() ? "" : ", ") + std::string(each.name);
    }
    if (choice.how == NsChoice::How::join && !check.caller.root && !user_joined)
      check.add(Code::join_needs_user, mark, pointer, {std::string(each.name), choice.words()});
  }
  if (!unwritten.empty()) check.add(Code::user_namespace_needed, spec.mark_of("/namespaces"), "/namespaces", {unwritten});
  if (ns.joined(NsType::mount)) {
    if (user_fresh && !ns[NsType::user].broken) check.add(Code::join_mount_new_user, ns[NsType::mount].mark, "/namespaces/mount");
    if (spec.root) check.add(Code::join_mount_root, spec.mark_of("/root"), "/root");
    if (!spec.mounts.empty() && !check.caller.root) check.add(Code::join_mount_mounts, spec.mark_of("/mounts"), "/mounts");
  }
  const auto needs = [&](bool written, NsType type, std::string_view key) {
    if (!written || ns.fresh(type)) return;
    const std::string pointer = pointer_to("", key);
    check.add(Code::needs_namespace, spec.mark_of(pointer), pointer, {std::string(info(type).name)});
  };
  needs(spec.time_offsets.has_value(), NsType::time, "time_offsets");
  needs(spec.hostname.has_value(), NsType::uts, "hostname");
  needs(spec.domainname.has_value(), NsType::uts, "domainname");

  const auto name_fits = [&](const std::optional<std::string>& name, std::string_view key) {
    if (!name) return;
    const std::string pointer = pointer_to("", key);
    if (name->size() > 64) check.add(Code::name_too_long, spec.mark_of(pointer), pointer, {std::to_string(name->size()), "64"});
  };
  name_fits(spec.hostname, "hostname");
  name_fits(spec.domainname, "domainname");
}

void plan_pins(PlanBuilder& builder) {
  for (const NsInfo& each : ns_types) {
    const NsChoice& choice = builder.spec.namespaces[each.type];
    if (choice.pin.empty() || choice.how != NsChoice::How::fresh) continue;
    const PlanBuilder::From from(builder, choice.mark, pointer_to(pointer_to("/namespaces", each.name), "pin"));
    builder.add(PlaceStep{PinNamespace{each.type, builder.text(choice.pin)}}, Stage::place);
  }
}

void plan_joins(PlanBuilder& builder) {
  for (const NsType type : join_order) {
    const NsChoice& choice = builder.spec.namespaces[type];
    if (choice.how != NsChoice::How::join) continue;
    const PlanBuilder::From from(builder, choice.mark, pointer_to("/namespaces", info(type).name));
    if (!choice.sandbox.empty()) {
      // Whether there is one is known only when it is asked, at the launch.
      const Slot slot = builder.new_slot();
      builder.add(OpenShared{slot, shared_of(type), builder.text(choice.sandbox)});
      builder.add(JoinStep{SetNamespace{slot, static_cast<int>(info(type).flag)}});
      continue;
    }
    OpenNamespace open;
    open.slot = builder.new_slot();
    open.type = static_cast<int>(info(type).flag);
    if (choice.pid) {
      open.pid = static_cast<pid_t>(choice.pid);
      open.path = builder.text("ns/" + std::string(info(type).file));
      if (!builder.facts.probe_process || !builder.facts.probe_process(open.pid, open.start_time)) {
        builder.error(Code::ns_file, {"pid:" + std::to_string(choice.pid), std::string(info(type).name), "no such process"});
        continue;
      }
    } else {
      // Not resolved: what /proc/PID/ns/… links to is no path.
      if (builder.facts.path(choice.path).kind == FileKind::missing) {
        builder.error(Code::ns_file, {choice.path, std::string(info(type).name), "it does not exist"});
        continue;
      }
      open.path = builder.text(choice.path);
    }
    builder.add(open);
    builder.add(JoinStep{SetNamespace{open.slot, open.type}});
  }
}

void plan_time(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  if (!spec.namespaces.fresh(NsType::time)) return;
  const PlanBuilder::From from(builder, spec.time_offsets ? "/time_offsets" : "/namespaces/time");
  NewTimeNamespace step;
  if (spec.time_offsets) step = {spec.time_offsets->monotonic.ns, spec.time_offsets->boottime.ns, false, false};
  step.enter = !builder.plan.supervision.init;
  step.share = !spec.namespaces[NsType::time].pin.empty();
  // One that is pinned is made before the gate: the launcher waits for it.
  builder.add(step, spec.namespaces[NsType::time].pin.empty() ? Stage::become : Stage::map_identity);
}

void plan_identity_of_host(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  if (spec.hostname) {
    const PlanBuilder::From from(builder, "/hostname");
    builder.add(SetHostname{builder.text(*spec.hostname)}, Stage::isolate);
  }
  if (spec.domainname) {
    const PlanBuilder::From from(builder, "/domainname");
    builder.add(SetDomainname{builder.text(*spec.domainname)}, Stage::isolate);
  }
  if (spec.namespaces.fresh(NsType::net)) {
    const PlanBuilder::From from(builder, "/network/mode");
    builder.add(LoopbackUp{}, Stage::isolate);
  }
}

}  // namespace nsbox
