// SPDX-License-Identifier: MIT
#include "spec/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>

#include "spec/builder.hpp"

namespace nsbox {
namespace {

using Unit = LimitInfo::Unit;
constexpr LimitInfo limits[] = {
    {"as", RLIMIT_AS, Unit::bytes},           {"core", RLIMIT_CORE, Unit::bytes},
    {"cpu", RLIMIT_CPU, Unit::seconds},       {"data", RLIMIT_DATA, Unit::bytes},
    {"fsize", RLIMIT_FSIZE, Unit::bytes},     {"locks", RLIMIT_LOCKS, Unit::count},
    {"memlock", RLIMIT_MEMLOCK, Unit::bytes}, {"msgqueue", RLIMIT_MSGQUEUE, Unit::bytes},
    {"nice", RLIMIT_NICE, Unit::count},       {"nofile", RLIMIT_NOFILE, Unit::count},
    {"nproc", RLIMIT_NPROC, Unit::count},     {"rss", RLIMIT_RSS, Unit::bytes},
    {"rtprio", RLIMIT_RTPRIO, Unit::count},   {"rttime", RLIMIT_RTTIME, Unit::microseconds},
    {"sigpending", RLIMIT_SIGPENDING, Unit::count}, {"stack", RLIMIT_STACK, Unit::bytes},
};

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string_view> limit_names() {
  std::vector<std::string_view> names;
  for (const LimitInfo& each : limits) names.push_back(each.name);
  return names;
}

bool good_variable(std::string_view name) { return !name.empty() && name.find('=') == name.npos; }

bool decode_limit(Decoder& decoder, const Node& node, Limit& out) {
  if (node.broken || !node.is_scalar()) return decoder.wrong_type(node, "a number, a size, a duration, or unlimited");
  out = {node.text, node.mark, node.plain};
  return true;
}

}  // namespace

const LimitInfo* find_limit(std::string_view name) {
  for (const LimitInfo& each : limits)
    if (each.name == name) return &each;
  return nullptr;
}

bool parse_limit(const LimitInfo& info, const Limit& limit, uint64_t& out) {
  if (limit.text == "unlimited") {
    out = UINT64_MAX;
    return true;
  }
  int64_t number = 0;
  switch (info.unit) {
    case Unit::bytes: return parse_size(limit.text, out);
    case Unit::count:
      if (!parse_integer(limit.text, number) || number < 0) return false;
      out = static_cast<uint64_t>(number);
      return true;
    case Unit::seconds:
    case Unit::microseconds: {
      const int64_t unit = info.unit == Unit::seconds ? 1'000'000'000 : 1'000;
      if (!parse_duration(limit.text, number) || number % unit != 0) return false;
      out = static_cast<uint64_t>(number / unit);
      return true;
    }
  }
  return false;
}

// --- command -------------------------------------------------------------------------------------
bool Codec<ProcessCommand>::decode(Decoder& decoder, const Node& node, ProcessCommand& out) {
  if (node.is_scalar()) {
    out = {{"/bin/sh", "-c", node.text}, true};
    if (!node.text.empty()) return true;
  } else if (node.is_list()) {
    out.shell = false;
    if (!decoder.read(node, out.words)) return false;
    if (!out.words.empty() && !out.words[0].empty()) return true;
  } else {
    decoder.error(Code::command_form, node, {std::string(kind_words(node))});
    return false;
  }
  decoder.error(Code::empty_command, node);
  return false;
}
Node Codec<ProcessCommand>::encode(const ProcessCommand& value) {
  if (value.shell) return Node::scalar(value.words[2]);
  Node list = Node::list();
  for (const std::string& word : value.words) list.items.push_back(Node::scalar(word));
  return list;
}
Node Codec<ProcessCommand>::schema() {
  Node list = Codec<std::vector<std::string>>::schema();
  list.set("minItems", Node::number(1));
  Node text = schema_of_type("string");
  text.set("minLength", Node::number(1));
  Node number = Node::map(), types = Node::list();
  for (const char* type : {"number", "boolean"}) types.items.push_back(Node::scalar(type));
  number.set("type", std::move(types));
  return schema_any_of({titled("words", std::move(list)), titled("for /bin/sh -c", std::move(text)), std::move(number)});
}

// --- env_inherit ---------------------------------------------------------------------------------
bool Codec<EnvInherit>::decode(Decoder& decoder, const Node& node, EnvInherit& out) {
  out = {};
  if (node.is_list()) return decoder.read(node, out.patterns);
  return decode_boolean(decoder, node, out.all, "true, false, or a list of names");
}
Node Codec<EnvInherit>::encode(const EnvInherit& value) {
  if (value.all) return Node::boolean(true);
  Node list = Node::list();
  for (const std::string& pattern : value.patterns) list.items.push_back(Node::scalar(pattern));
  return list;
}
Node Codec<EnvInherit>::schema() { return schema_any_of({Codec<bool>::schema(), Codec<std::vector<std::string>>::schema()}); }

bool Codec<EnvValue>::decode(Decoder& decoder, const Node& node, EnvValue& out) {
  out.text.reset();
  return node.is_null() || Codec<std::string>::decode(decoder, node, out.text.emplace());
}
Node Codec<EnvValue>::encode(const EnvValue& value) { return value.text ? Node::scalar(*value.text) : Node{}; }
Node Codec<EnvValue>::schema() { return Codec<std::string>::schema(); }

// --- users ---------------------------------------------------------------------------------------
bool Codec<UserRef>::decode(Decoder& decoder, const Node& node, UserRef& out) {
  out = {};
  if (!node.is_scalar()) return decoder.wrong_type(node, "a number or a name");
  const bool numeric = node.text.find_first_not_of("0123456789+-.") == std::string::npos;
  if (numeric) {
    Id id;
    if (!Codec<Id>::decode(decoder, node, id)) return false;
    out.id = static_cast<uint32_t>(id.value);
    return true;
  }
  const auto odd = [](char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '$'); };
  const char first = node.text[0];
  if (node.text.size() > 32 || std::any_of(node.text.begin(), node.text.end(), odd) || (first >= '0' && first <= '9') || first == '-')
    return decoder.wrong_type(node, "a number or a user's name");
  out.name = node.text;
  return true;
}
Node Codec<UserRef>::encode(const UserRef& value) {
  return value.name.empty() ? Node::number(value.id) : Node::scalar(value.name);
}
Node Codec<UserRef>::schema() {
  return schema_any_of({schema_of_integer(0, 4294967294), schema_of_text("^[A-Za-z_.$][A-Za-z0-9_.$-]{0,31}$")});
}

// --- stdin, stdout, stderr -----------------------------------------------------------------------
bool Codec<Stdio>::decode(Decoder& decoder, const Node& node, Stdio& out) {
  out = {};
  if (!node.is_scalar()) return decoder.wrong_type(node, "inherit, a host path, or append:PATH");
  const bool input = decoder.pointer().ends_with("stdin"), error = decoder.pointer().ends_with("stderr");
  if (node.form.empty() && node.text == "inherit") return true;
  if (node.form.empty() && node.text == "stdout") {
    if (error) {
      out.kind = Stdio::Kind::stdout_file;
      return true;
    }
    decoder.error(Code::stdio_stdout, node);
    return false;
  }
  out.kind = node.form == "append" ? Stdio::Kind::append : Stdio::Kind::path;
  if (out.kind == Stdio::Kind::append && input) {
    decoder.error(Code::wrong_type, node, {"inherit or a host path", "text", "append:" + node.text});
    return false;
  }
  if (out.kind == Stdio::Kind::append && node.text.empty()) {
    decoder.error(Code::append_path, node);
    return false;
  }
  if (node.text.ends_with('/')) {
    decoder.error(Code::stdio_folder, node, {node.text});
    return false;
  }
  return Codec<HostPath>::decode(decoder, node, out.path);
}
Node Codec<Stdio>::encode(const Stdio& value) {
  switch (value.kind) {
    case Stdio::Kind::inherit: return Node::scalar("inherit");
    case Stdio::Kind::stdout_file: return Node::scalar("stdout");
    case Stdio::Kind::append: return Node::scalar("append:" + value.path.path);
    case Stdio::Kind::path: break;
  }
  return Node::scalar(value.path.path);
}
Node Codec<Stdio>::schema() { return Codec<HostPath>::schema(); }

// --- limits --------------------------------------------------------------------------------------
bool Codec<LimitPair>::decode(Decoder& decoder, const Node& node, LimitPair& out) {
  if (!node.is_map()) {
    if (!decode_limit(decoder, node, out.soft)) return false;
    out.hard = out.soft;
    return true;
  }
  bool ok = true;
  for (const Member& member : node.members) {
    if (member.key == "soft") ok &= decode_limit(decoder, member.value, out.soft);
    else if (member.key == "hard") ok &= decode_limit(decoder, member.value, out.hard);
    else {
      std::vector<std::string> args{member.key};
      if (const std::string_view near = nearest(member.key, {"soft", "hard"}); !near.empty()) args.emplace_back(near);
      decoder.findings.add(Code::unknown_key, member.mark, pointer_to(decoder.pointer(), member.key), std::move(args));
      ok = false;
    }
  }
  for (const char* key : {"soft", "hard"}) {
    if (node.find(key)) continue;
    decoder.error(Code::missing_key, node, {key});
    ok = false;
  }
  return ok;
}
Node Codec<LimitPair>::encode(const LimitPair& value) {
  if (value.soft.text == value.hard.text) return Node::scalar(value.soft.text, true);
  Node map = Node::map();
  map.set("soft", Node::scalar(value.soft.text, true));
  map.set("hard", Node::scalar(value.hard.text, true));
  return map;
}
Node Codec<LimitPair>::schema() {
  Node number = schema_of_type("number");
  number.set("minimum", Node::number(0));
  Node value = schema_any_of({std::move(number), schema_of_text("^(unlimited|[0-9.]+[A-Za-z0-9.]*|[\\s\\S]*\\$\\{[\\s\\S]*)$")});
  Node keys = Node::map(), need = Node::list();
  for (const char* key : {"soft", "hard"}) {
    keys.set(key, value);
    keys.find(key)->set("description", Node::scalar(*key == 's' ? "The limit." : "How far the command may raise it."));
    need.items.push_back(Node::scalar(key));
  }
  Node map = schema_of_type("object");
  map.set("properties", std::move(keys));
  map.set("required", std::move(need));
  map.set("additionalProperties", Node::boolean(false));
  return schema_any_of({titled("soft and hard", std::move(value)), titled("each", std::move(map))});
}

// --- CPUs ----------------------------------------------------------------------------------------
bool Codec<CpuRange>::decode(Decoder& decoder, const Node& node, CpuRange& out) {
  if (node.is_scalar()) {
    const size_t dash = node.text.find('-');
    int64_t first = 0, last = 0;
    bool ok = parse_integer(std::string_view(node.text).substr(0, dash), first);
    if (ok && dash == std::string::npos && !node.plain) {
      decoder.error(Code::quoted_number, node, {node.text});
      return false;
    }
    last = first;
    if (ok && dash != std::string::npos) ok = parse_integer(std::string_view(node.text).substr(dash + 1), last);
    if (ok && first >= 0 && last >= first && last < 1024) {
      out = {static_cast<uint32_t>(first), static_cast<uint32_t>(last)};
      return true;
    }
  }
  return decoder.wrong_type(node, "a CPU's number or a range like 0-3, below 1024");
}
Node Codec<CpuRange>::encode(const CpuRange& value) {
  if (value.first == value.last) return Node::number(value.first);
  return Node::scalar(std::to_string(value.first) + "-" + std::to_string(value.last));
}
Node Codec<CpuRange>::schema() {
  return schema_any_of({schema_of_integer(0, 1023), schema_of_text("^[0-9]{1,4}-[0-9]{1,4}$")});
}

// --- rules ---------------------------------------------------------------------------------------
namespace {

void check_ids(const Check& check) {
  const Process& process = check.spec.process;
  const Maps maps = maps_of(check.spec, check.caller);
  if (!maps.known) return;
  const auto one = [&](const std::optional<UserRef>& ref, bool group) {
    const std::string word = group ? "group" : "user", pointer = "/process/" + word;
    if (ref && ref->name.empty() && !maps.outside(group, ref->id))
      check.add(Code::unmapped_id, check.spec.mark_of(pointer), pointer, {word, std::to_string(ref->id)});
    if (!ref && !maps.inside(group, group ? check.caller.gid : check.caller.uid) && !maps.outside(group, 0))
      check.add(Code::no_inside_id, check.spec.mark_of("/id_maps"), "/id_maps", {word});
  };
  one(process.user, false);
  one(process.group, true);
  for (size_t i = 0; i < process.groups.size(); i++) {
    const std::string pointer = pointer_to("/process/groups", i);
    if (process.groups[i].name.empty() && !maps.outside(true, process.groups[i].id))
      check.add(Code::unmapped_id, check.spec.mark_of(pointer), pointer, {"group", std::to_string(process.groups[i].id)});
  }
  if (process.groups.size() > most_groups) check.add(Code::groups_too_many, check.spec.mark_of("/process/groups"), "/process/groups", {std::to_string(process.groups.size()), std::to_string(most_groups)});
  if (!process.groups.empty() && !maps.setgroups) check.add(Code::groups_denied, check.spec.mark_of("/process/groups"), "/process/groups");
}

void check_limits(const Check& check) {
  const auto& rlimits = check.spec.process.rlimits;
  for (size_t i = 0; i < rlimits.entries.size(); i++) {
    const auto& [name, pair] = rlimits.entries[i];
    const std::string pointer = pointer_to("/process/rlimits", name);
    const LimitInfo* info = find_limit(name);
    if (!info) {
      std::vector<std::string> args{name};
      const std::string_view word = name.starts_with("RLIMIT_") ? std::string_view(name).substr(7) : std::string_view(name);
      if (const std::string_view near = meant(word, limit_names()); !near.empty()) args.emplace_back(near);
      check.add(Code::unknown_limit, rlimits.marks[i], pointer, std::move(args));
      continue;
    }
    static constexpr const char* expected[] = {"a whole number or unlimited", "a size or unlimited", "a duration in whole seconds or unlimited", "a duration in whole microseconds or unlimited"};
    uint64_t soft = 0, hard = 0;
    bool ok = true;
    const auto read = [&](const Limit& limit, uint64_t& out) {
      Node node = Node::scalar(limit.text, limit.plain);
      const bool number = looks_like_number(limit.text);
      if (!parse_limit(*info, limit, out)) check.add(Code::wrong_type, limit.mark, pointer, {expected[static_cast<int>(info->unit)], std::string(kind_words(node)), limit.text});
      else if (number && !limit.plain) check.add(Code::quoted_number, limit.mark, pointer, {limit.text});
      else return;
      ok = false;
    };
    read(pair.soft, soft);
    if (pair.hard.mark == pair.soft.mark) hard = soft;
    else read(pair.hard, hard);
    if (ok && soft > hard) check.add(Code::rlimit_order, pair.soft.mark, pointer);
  }
}

}  // namespace

void check_process(const Check& check) {
  const Spec& spec = check.spec;
  const Process& process = spec.process;
  const bool fresh_pid = spec.namespaces.fresh(NsType::pid);

  for (size_t i = 0; i < process.env.entries.size(); i++) {
    const std::string& name = process.env.entries[i].first;
    if (!good_variable(name)) check.add(Code::bad_env_name, process.env.marks[i], pointer_to("/process/env", name), {name});
  }
  if (process.init && *process.init && !fresh_pid) check.add(Code::init_without_pid, spec.mark_of("/process/init"), "/process/init");
  if (process.notify && process.env.find("NOTIFY_SOCKET")) check.add(Code::notify_twice, spec.mark_of("/process/notify"), "/process/notify", {"the variable NOTIFY_SOCKET"});
  if (process.die_with_parent && !fresh_pid)
    check.add(Code::parent_without_pid, spec.mark_of("/process/die_with_parent"), "/process/die_with_parent");
  std::set<int64_t> passed;
  for (size_t i = 0; i < process.pass_fds.size(); i++) {
    if (!passed.insert(process.pass_fds[i].value).second) {
      const std::string pointer = pointer_to("/process/pass_fds", i);
      check.add(Code::pass_fd_twice, spec.mark_of(pointer), pointer, {std::to_string(process.pass_fds[i].value)});
    }
  }
  if (process.stop_signal.number == SIGCHLD || process.stop_signal.number == SIGCONT || process.stop_signal.number == SIGWINCH || process.stop_signal.number == SIGURG)
    check.add(Code::stop_signal_zero, spec.mark_of("/process/stop_signal"), "/process/stop_signal", {signal_name(process.stop_signal.number)});
  check_ids(check);
  check_limits(check);
}

// --- steps ---------------------------------------------------------------------------------------
namespace {

void plan_environment(PlanBuilder& builder, std::string& path) {
  const Process& process = builder.spec.process;
  Environment& environment = builder.plan.environment;
  std::vector<Str> patterns;
  for (const std::string& pattern : process.env_inherit.patterns) patterns.push_back(builder.text(pattern));
  environment.inherit = builder.plan.arena.list(patterns);
  environment.inherit_all = process.env_inherit.all;

  bool path_inherited = process.env_inherit.all;
  for (const std::string& pattern : process.env_inherit.patterns) path_inherited |= glob_match(pattern, "PATH");
  std::vector<Variable> set;
  path = default_path;
  const auto* own = process.env.find("PATH");
  if (own && own->text) path = *own->text;
  else if (path_inherited && !own) path.clear();  // read at the launch
  else if (!own) set.push_back({builder.text("PATH"), builder.text(path)});
  for (const auto& [name, value] : process.env.entries)
    set.push_back({builder.text(name), value.text ? builder.text(*value.text) : nullptr});
  if (process.notify) set.push_back({"NOTIFY_SOCKET", builder.text(std::string(notify_folder) + "/notify")});
  environment.set = builder.plan.arena.list(set);
}

void plan_stdio(PlanBuilder& builder) {
  const Process& process = builder.spec.process;
  const Stdio* files[] = {&process.stdin_, &process.stdout_, &process.stderr_};
  static constexpr const char* names[] = {"stdin", "stdout", "stderr"};
  for (int fd = 0; fd < 3; fd++) {
    const Stdio& file = *files[fd];
    if (file.kind == Stdio::Kind::inherit) continue;
    const PlanBuilder::From from(builder, pointer_to("/process", names[fd]));
    OpenStdio step;
    step.fd = fd;
    if (file.kind == Stdio::Kind::stdout_file) {
      step.flags = -1;  // the same open file as descriptor 1
    } else {
      const PlanBuilder::Way way = builder.way_to(file.path.path);
      step.path = way.path;
      step.below = way.below;
      step.flags = fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | (file.kind == Stdio::Kind::append ? O_APPEND : O_TRUNC);
    }
    builder.add(step);
  }
}

TerminalKind terminal_of(const Spec& spec, const Caller& caller) {
  if (!spec.process.terminal) {
    const bool redirected = spec.process.stdin_.kind != Stdio::Kind::inherit || spec.process.stdout_.kind != Stdio::Kind::inherit;
    return !redirected && caller.on_terminal() ? TerminalKind::fresh : TerminalKind::none;
  }
  switch (*spec.process.terminal) {
    case Terminal::fresh: return TerminalKind::fresh;
    case Terminal::inherit: return TerminalKind::inherit;
    case Terminal::none: break;
  }
  return TerminalKind::none;
}

}  // namespace

void plan_supervision(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  Supervision& supervision = builder.plan.supervision;
  supervision.new_pid_namespace = spec.namespaces.fresh(NsType::pid);
  supervision.init = spec.process.init.value_or(supervision.new_pid_namespace);
  supervision.terminal = terminal_of(spec, builder.facts.caller);
  supervision.timeout_ns = spec.process.timeout ? spec.process.timeout->ns : 0;
  supervision.stop_signal = spec.process.stop_signal.number;
  supervision.stop_timeout_ns = spec.process.stop_timeout.ns;
  supervision.notify = spec.process.notify;
}

void plan_process(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  const Process& process = spec.process;
  const Supervision& supervision = builder.plan.supervision;

  if (process.die_with_parent) {
    const PlanBuilder::From from(builder, "/process/die_with_parent");
    builder.add(ParentDeath{});
  }
  plan_stdio(builder);
  if (builder.wants_terminal()) builder.add(OpenTerminal{});  // the sandbox has no devpts of its own
  std::string path;
  plan_environment(builder, path);

  // Init: fork, then give up all that the payload could use.
  if (supervision.init) {
    const PlanBuilder::From from(builder, "/process/init");
    builder.add(ForkPayload{}, Stage::fork_payload);
    builder.add(InitStep{SealInit{}});
  }

  {
    const PlanBuilder::From from(builder, "/process/terminal");
    builder.add(PayloadStep{NewKeyring{}}, Stage::session);
    switch (supervision.terminal) {
      case TerminalKind::none: builder.add(PayloadStep{NewSession{}}, Stage::session); break;
      case TerminalKind::inherit: builder.add(PayloadStep{OwnGroup{}}, Stage::session); break;
      case TerminalKind::fresh:
        // A session leader's own group is orphaned, and the kernel would drop Ctrl-Z: so init leads
        // the session, and the payload has a group of its own.
        if (supervision.init) {
          builder.add(ChildStep{NewSession{}}, Stage::enter_root);
          builder.add(ChildStep{TakeTerminal{}}, Stage::enter_root);
          builder.add(PayloadStep{OwnGroup{}}, Stage::session);
        } else {
          builder.add(PayloadStep{NewSession{}}, Stage::session);
          builder.add(PayloadStep{TakeTerminal{}}, Stage::session);
        }
        break;
    }
    builder.add(UseStdio{supervision.terminal == TerminalKind::fresh}, Stage::session);
  }

  if (process.nice) {
    const PlanBuilder::From from(builder, "/process/nice");
    builder.add(SetNice{static_cast<int>(process.nice->value)}, Stage::open);
  }
  if (!process.cpu_affinity.empty()) {
    const PlanBuilder::From from(builder, "/process/cpu_affinity");
    std::vector<uint32_t> cpus;
    for (const CpuRange& range : process.cpu_affinity)
      for (uint32_t cpu = range.first; cpu <= range.last; cpu++) cpus.push_back(cpu);
    builder.add(SetAffinity{builder.plan.arena.list(cpus)}, Stage::open);
  }

  {
    const PlanBuilder::From from(builder, "/process/umask");
    builder.add(SetUmask{process.umask.bits}, Stage::credentials);
    builder.add(ResetSignals{}, Stage::credentials);
    builder.add(ResetProcess{}, Stage::credentials);
  }
  {
    const PlanBuilder::From from(builder, "/process/cwd");
    builder.add(EnterFolder{builder.text(process.cwd ? process.cwd->path : "/")}, Stage::credentials);
  }

  bool core = false;
  for (const auto& [name, pair] : process.rlimits.entries) {
    const PlanBuilder::From from(builder, pointer_to("/process/rlimits", name));
    const LimitInfo* info = find_limit(name);
    SetLimit step{info->resource, 0, 0};
    parse_limit(*info, pair.soft, step.soft);
    parse_limit(*info, pair.hard, step.hard);
    core |= info->resource == RLIMIT_CORE;
    builder.add(step, Stage::limits);
  }
  if (!core) builder.add(SetLimit{RLIMIT_CORE, 0, 0}, Stage::limits);

  const PlanBuilder::From from(builder, "/process/command");
  std::vector<Str> words;
  if (process.command)
    for (const std::string& word : process.command->words) words.push_back(builder.text(word));
  Str program = words.empty() ? builder.text("") : words[0];
  if (process.argv0 && !words.empty()) words[0] = builder.text(*process.argv0);
  builder.add(FindCommand{program, path.empty() ? nullptr : builder.text(path), spec.security.seccomp.native_only()}, Stage::credentials);

  std::vector<int> pass;
  for (const auto& fd : process.pass_fds) pass.push_back(static_cast<int>(fd.value));
  std::sort(pass.begin(), pass.end());
  {
    const PlanBuilder::From passed(builder, "/process/pass_fds");
    if (!pass.empty()) builder.add(CheckPassed{builder.plan.arena.list(pass)});
    builder.add(CloseOnExec{builder.plan.arena.list(pass)}, Stage::seal);
  }
  words.push_back(nullptr);  // as execve wants it
  builder.add(Exec{builder.plan.arena.list(words)}, Stage::exec);
}

}  // namespace nsbox
