// SPDX-License-Identifier: MIT
#include "spec/compose.hpp"

#include <algorithm>

#include "fields/substitute.hpp"
#include "fields/yaml.hpp"

namespace nsbox {
namespace {

constexpr size_t most_files = 64;
constexpr std::string_view builtins[] = {"UID", "GID", "USER", "HOME", "SPEC_DIR", "CWD", "NAME"};

bool builtin(std::string_view name) { return std::find(std::begin(builtins), std::end(builtins), name) != std::end(builtins); }

/// How the values of one key of the language are merged; from the field tables.
struct MergeRule {
  std::string pointer;
  Merge merge;
};

template <Described S>
void collect_rules(const std::string& prefix, std::vector<MergeRule>& rules) {
  for_each_field<S>([&](const auto& field) {
    const std::string pointer = pointer_to(prefix, field.key);
    if (field.merge != Merge::replace) rules.push_back({pointer, field.merge});
    using M = std::remove_cvref_t<decltype(std::declval<S&>().*(field.member))>;
    if constexpr (Described<M>) collect_rules<M>(pointer, rules);
  });
}

Merge rule_for(const std::string& pointer) {
  static const std::vector<MergeRule> rules = [] {
    std::vector<MergeRule> out;
    collect_rules<Spec>("", out);
    return out;
  }();
  if (pointer.empty()) return Merge::by_key;
  for (const MergeRule& rule : rules)
    if (rule.pointer == pointer) return rule.merge;
  return Merge::replace;
}

/// Nulls stand for keys that are not there, but in `process.env`, where null is a value: the variable
/// is unset.
enum class Nulls : uint8_t { top, process, values, absent };
void drop_nulls(Node& node, Nulls here = Nulls::top) {
  if (here != Nulls::values) std::erase_if(node.members, [](const Member& member) { return member.value.is_null(); });
  const auto below = [&](std::string_view key) {
    if (here == Nulls::top && key == "process") return Nulls::process;
    return here == Nulls::values || (here == Nulls::process && key == "env") ? Nulls::values : Nulls::absent;
  };
  for (Member& member : node.members) drop_nulls(member.value, below(member.key));
  for (Node& item : node.items) drop_nulls(item, below(""));
}

bool is_extension(const std::string& key) { return key.starts_with("x-"); }

class Composer {
 public:
  Composer(Findings& findings, const Input& input, const Caller& caller, const FileReader& reader)
      : findings_(findings), input_(input), caller_(caller), reader_(reader) {}

  std::unique_ptr<Spec> run(bool* unreadable);

 private:
  struct Loaded {
    uint16_t file;
    Node root;
  };

  bool load(const std::string& path, Mark from, std::vector<std::string>& chain);
  bool load_extended(Node& root, uint16_t file, std::vector<std::string>& chain);
  void refuse_missing(Node& node, std::string& pointer);
  void expand_short_forms(Node& root);
  void substitute_all(Node& node, std::string& pointer, const Lookup& lookup);
  std::optional<std::string> look_up(std::string_view name, uint16_t file, bool with_vars) const;
  void collect_vars();
  void merge(Node& base, Node& over, const std::string& pointer);
  void read_profile(Seccomp& seccomp, Mark from);
  void merge_mounts(Node& base, Node& over);
  std::string target_of(const Node& mount) const;
  void check_set_names();
  std::string default_name() const;

  Findings& findings_;
  const Input& input_;
  const Caller& caller_;
  const FileReader& reader_;
  std::vector<Loaded> loaded_;  // the extended first, the named file last
  std::map<std::string, std::string, std::less<>> vars_;
  std::set<std::string, std::less<>> mentioned_, broken_vars_;
  std::string name_;
  bool unreadable_ = false;
};

bool Composer::load(const std::string& path, Mark from, std::vector<std::string>& chain) {
  if (findings_.files.size() >= most_files) {
    findings_.add(Code::extends_too_many, from, "/extends");
    return false;
  }
  SourceFile source;
  const std::string reason = reader_.read(path, source);
  const auto file = static_cast<uint16_t>(findings_.files.size());
  if (!reason.empty()) {
    if (from.line) {
      findings_.add(Code::extends_unreadable, from, "/extends", {path, reason});
    } else {
      unreadable_ = true;
      source.name = path;
      findings_.files.push_back(std::move(source));
      std::vector<std::string> args{reason};
      if (path == "nsbox.yaml") args.emplace_back("'nsbox init' writes one; or name another file");
      findings_.add(Code::file_unreadable, {file, 0, 0}, "", std::move(args));
    }
    return false;
  }
  const std::string identity = source.inode ? std::to_string(source.device) + ":" + std::to_string(source.inode) : path;
  if (std::find(chain.begin(), chain.end(), identity) != chain.end()) {
    findings_.add(Code::extends_cycle, from, "/extends", {path});
    return false;
  }
  findings_.files.push_back(std::move(source));
  std::optional<Node> root = load_yaml(findings_, file);
  if (!root) return false;
  if (!root->is_map()) {
    findings_.add(Code::not_a_mapping, root->mark, "", {std::string(kind_words(*root))});
    return false;
  }
  std::erase_if(root->members, [](const Member& member) { return is_extension(member.key); });
  std::string pointer;
  refuse_missing(*root, pointer);
  const Node* version = root->find("nsbox");
  if (!version || (version->is_null() && !version->missing)) findings_.add(Code::no_version, Mark{file, 1, 1}, "");
  chain.push_back(identity);
  const bool ok = load_extended(*root, file, chain);
  chain.pop_back();
  loaded_.push_back({file, std::move(*root)});
  return ok;
}

bool Composer::load_extended(Node& root, uint16_t file, std::vector<std::string>& chain) {
  Node* extends = root.find("extends");
  if (!extends || extends->is_null()) return true;
  Node list = *extends;
  root.erase("extends");
  if (list.is_scalar()) {
    Node one = Node::list();
    one.items.push_back(std::move(list));
    list = std::move(one);
  }
  const Lookup lookup{[&](std::string_view name) {
    if (auto value = look_up(name, file, false)) return value;
    const Node* vars = root.find("vars");
    const Node* value = vars ? vars->find(name) : nullptr;
    return value && value->is_scalar() && value->text.find('$') == std::string::npos ? std::optional(value->text) : std::nullopt;
  }, &mentioned_};
  bool ok = true;
  if (list.items.size() > most_files) {
    findings_.add(Code::extends_too_many, list.mark, "/extends");
    return false;
  }
  for (size_t i = 0; i < list.items.size() && list.is_list(); i++) {
    Node& item = list.items[i];
    std::string path;
    if (item.broken) {
      ok = false;
    } else if (!item.is_scalar()) {
      findings_.add(Code::wrong_type, item.mark, "/extends", {"a path", std::string(kind_words(item)), ""});
      ok = false;
    } else if (substitute(findings_, lookup, item, "/extends")) {
      if (resolve_host_path(item.text, findings_.files[file].folder, caller_.home, path)) ok &= load(path, item.mark, chain);
      else findings_.add(item.text.empty() ? Code::empty_path : Code::tilde_path, item.mark, "/extends", {item.text}), ok = false;
    }
  }
  if (!list.is_list()) findings_.add(Code::wrong_type, list.mark, "/extends", {"a path or a list of paths", std::string(kind_words(list)), ""}), ok = false;
  return ok;
}

void Composer::refuse_missing(Node& node, std::string& pointer) {
  const auto is_there = [](const Node& value) { return !value.is_null() && value.members.empty() && value.items.empty(); };
  for (Member& member : node.members) {
    Node& value = member.value;
    if (is_there(value)) continue;
    const PointerStep step(pointer, member.key);
    if (value.is_null() && value.missing) {
      if (pointer.starts_with("/mounts/") && member.key.find('/') != std::string::npos) continue;  // `- /usr:` is meant as a bind, and answered so
      const bool variable = pointer.starts_with("/process/env/");
      findings_.add(Code::missing_value, value.mark, pointer, {variable ? "write a value, \"\" for an empty one, or 'null' to leave it out" : "write a value, or 'null' for the default"});
      value.broken = true;
    } else {
      refuse_missing(value, pointer);
    }
  }
  for (size_t i = 0; i < node.items.size(); i++) {
    Node& item = node.items[i];
    if (is_there(item)) continue;
    const PointerStep step(pointer, i);
    if (item.is_null()) findings_.add(item.missing ? Code::missing_item : Code::null_value, item.mark, pointer), item.broken = true;
    else refuse_missing(item, pointer);
  }
}

/// Short forms are taken apart before anything is substituted, so that a colon or a comma in a
/// value stays in its field.
void Composer::expand_short_forms(Node& root) {
  if (Node* mounts = root.find("mounts"); mounts && mounts->is_list())
    for (size_t i = 0; i < mounts->items.size(); i++)
      if (Node& item = mounts->items[i]; !bare_bind(item)) Mount::expand(findings_, item, pointer_to("/mounts", i));
  if (Node* maps = root.find("id_maps")) IdMaps::expand(findings_, *maps);
  if (Node* namespaces = root.find("namespaces")) Namespaces::expand(findings_, *namespaces);
  if (Node* process = root.find("process"); process && process->is_map()) {
    for (const char* key : {"stdin", "stdout", "stderr"}) {
      Node* file = process->find(key);
      if (!file || !file->is_scalar() || !file->text.starts_with("append:")) continue;
      file->form = "append";
      file->text.erase(0, 7);
    }
  }
}

std::optional<std::string> Composer::look_up(std::string_view name, uint16_t file, bool with_vars) const {
  if (name == "UID") return std::to_string(caller_.uid);
  if (name == "GID") return std::to_string(caller_.gid);
  if (name == "USER") return caller_.name;
  if (name == "HOME") return caller_.home;
  if (name == "CWD") return caller_.cwd();
  if (name == "NAME") return name_;
  if (name == "SPEC_DIR") return findings_.files[file].folder;
  if (const auto set = input_.set.find(name); set != input_.set.end()) return set->second;
  if (with_vars)
    if (const auto var = vars_.find(name); var != vars_.end()) return var->second;
  const char* value = caller_.variable ? caller_.variable(std::string(name)) : nullptr;
  return value ? std::optional<std::string>(value) : std::nullopt;
}

void Composer::substitute_all(Node& node, std::string& pointer, const Lookup& lookup) {
  if (node.is_scalar() && !node.broken) {
    const size_t before = findings_.diagnostics.size();
    substitute(findings_, lookup, node, pointer);
    // What is wrong with the variable itself has been said where it stands.
    for (size_t i = findings_.diagnostics.size(); i-- > before;) {
      const Diagnostic& each = findings_.diagnostics[i];
      if (each.code == Code::undefined_variable && broken_vars_.contains(each.args[0])) findings_.diagnostics.erase(findings_.diagnostics.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  // Most values refer to nothing: their place need not be written.
  const auto settled = [](const Node& value) { return value.members.empty() && value.items.empty() && value.text.find('$') == value.text.npos; };
  for (Member& member : node.members) {
    if (settled(member.value) || (pointer.empty() && (member.key == "description" || member.key == "vars" || member.key == "nsbox"))) continue;
    const PointerStep step(pointer, member.key);
    substitute_all(member.value, pointer, lookup);
  }
  for (size_t i = 0; i < node.items.size(); i++) {
    if (settled(node.items[i])) continue;
    const PointerStep step(pointer, i);
    substitute_all(node.items[i], pointer, lookup);
  }
}

void Composer::collect_vars() {
  for (Loaded& each : loaded_) {
    Node* vars = each.root.find("vars");
    if (!vars || !vars->is_map()) continue;
    const Lookup lookup{[&](std::string_view name) { return look_up(name, each.file, false); }, &mentioned_};
    for (Member& member : vars->members) {
      const std::string pointer = pointer_to("/vars", member.key);
      mentioned_.insert(member.key);
      if (builtin(member.key)) {
        findings_.add(Code::builtin_variable, member.mark, pointer, {member.key});
      } else if (variable_length(member.key) != member.key.size() || member.key.empty()) {
        findings_.add(Code::bad_env_name, member.mark, pointer, {member.key});
      } else if (member.value.is_null() && !member.value.broken) {
        vars_.erase(member.key);
      } else {
        const size_t before = findings_.diagnostics.size();
        const bool fine = member.value.is_scalar() && substitute(findings_, lookup, member.value, pointer);
        for (size_t i = before; i < findings_.diagnostics.size(); i++) {
          Diagnostic& found = findings_.diagnostics[i];
          if (found.code == Code::undefined_variable && vars->find(found.args[0])) found.code = Code::variable_in_vars;
        }
        if (fine) vars_[member.key] = member.value.text;
        else broken_vars_.insert(member.key);
      }
    }
  }
}

std::string Composer::target_of(const Node& mount) const {
  const std::optional<BareBind> bare = bare_bind(mount);
  if (bare && !bare->target.empty()) return normal_path(bare->target);
  const Node* type = mount.find("type");
  if (type && (type->text == "remount" || type->text == "unmount")) return "";
  if (const Node* target = mount.find("target")) return target->is_scalar() ? normal_path(target->text) : "";
  const Node* source = bare ? &mount : mount.find("source");
  std::string path;
  if (!source || !source->is_scalar()) return "";
  return resolve_host_path(source->text, findings_.files[source->mark.file].folder, caller_.home, path) ? path : "";
}

/// An entry whose target an extended file has mounted takes that entry's place.
void Composer::merge_mounts(Node& base, Node& over) {
  const size_t inherited = base.items.size();
  for (Node& item : over.items) {
    const std::string target = target_of(item);
    const auto end = base.items.begin() + static_cast<ptrdiff_t>(inherited);
    const auto same = std::find_if(base.items.begin(), end, [&](const Node& old) { return !target.empty() && target_of(old) == target; });
    if (same != end) *same = std::move(item);
    else base.items.push_back(std::move(item));
  }
}

void Composer::merge(Node& base, Node& over, const std::string& pointer) {
  const Merge rule = rule_for(pointer);
  if (rule == Merge::concat && base.is_list() && over.is_list()) {
    if (pointer == "/mounts") return merge_mounts(base, over);
    for (Node& item : over.items) base.items.push_back(std::move(item));
    return;
  }
  const bool whole = rule != Merge::by_key || !base.is_map() || !over.is_map();
  const Node *mode = over.find("mode"), *old = base.find("mode");
  const bool network_changes = pointer == "/network" && mode && mode->text != (old ? old->text : "none");
  if (whole || network_changes) {
    base = std::move(over);
    return;
  }
  for (Member& member : over.members) {
    Node* before = base.find(member.key);
    if (before) merge(*before, member.value, pointer_to(pointer, member.key));
    else base.members.push_back(std::move(member));
  }
}

void Composer::check_set_names() {
  for (const auto& [name, value] : input_.set) {
    const Mark nowhere{};
    if (builtin(name)) {
      findings_.add(Code::builtin_variable, nowhere, "", {name});
    } else if (mentioned_.find(name) == mentioned_.end()) {
      std::vector<std::string_view> names;
      for (const std::string& each : mentioned_)
        if (!builtin(each)) names.push_back(each);
      std::vector<std::string> args{name};
      if (const std::string_view near = nearest(name, names); !near.empty()) args.emplace_back(near);
      findings_.add(Code::unused_set, nowhere, "", std::move(args));
    }
  }
}

/// The filter's own file; what is wrong in it is said of it.
void Composer::read_profile(Seccomp& seccomp, Mark from) {
  if (seccomp.kind != Seccomp::Kind::profile || seccomp.path.path.empty()) return;
  const auto file = static_cast<uint16_t>(findings_.files.size());
  SourceFile source;
  if (const std::string reason = reader_.read(seccomp.path.path, source); !reason.empty()) return findings_.add(Code::profile_unreadable, from, "/security/seccomp", {seccomp.path.path, reason});
  findings_.files.push_back(std::move(source));
  seccomp.profile = load_profile(findings_, file);
}

/// The file's name without its ending, or the folder's; lower case, other characters as `-`.
std::string Composer::default_name() const {
  const std::string& path = input_.path;
  std::string name = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
  for (const std::string_view ending : {".nsbox.yaml", ".yaml", ".yml"}) {
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    break;
  }
  if (path == "-" || name.empty() || name == "nsbox") {
    const std::string folder = findings_.files.empty() ? caller_.cwd() : findings_.files[0].folder;
    name = folder.substr(folder.rfind('/') + 1);
  }
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) c = '-';
  }
  const size_t start = name.find_first_not_of("_.-");
  name = start == std::string::npos ? "sandbox" : name.substr(start);
  return name.substr(0, 63);
}

std::unique_ptr<Spec> Composer::run(bool* unreadable) {
  std::vector<std::string> chain;
  const bool loaded = load(input_.path, {}, chain);
  if (unreadable) *unreadable = unreadable_;
  if (loaded_.empty() || (!loaded && loaded_.back().file != 0)) return nullptr;
  Node& top = loaded_.back().root;
  const uint16_t top_file = loaded_.back().file;

  name_ = default_name();
  if (Node* name = top.find("name"); name && name->is_scalar()) {
    const Lookup lookup{[&](std::string_view each) { return each == "NAME" ? std::nullopt : look_up(each, top_file, false); }, &mentioned_};
    if (substitute(findings_, lookup, *name, "/name")) name_ = name->text;
    if (!good_name(name_)) findings_.add(Code::bad_name, name->mark, "/name", {name_});
  }
  if (!input_.name.empty()) {
    name_ = input_.name;
    if (!good_name(name_)) findings_.add(Code::bad_name, {top_file, 0, 0}, "/name", {name_});
  }
  collect_vars();
  for (Loaded& each : loaded_) {
    expand_short_forms(each.root);
    const Lookup lookup{[&](std::string_view name) { return look_up(name, each.file, true); }, &mentioned_};
    std::string pointer;
    substitute_all(each.root, pointer, lookup);
  }
  const Mark whole_mark = top.mark;  // what no line says is said of the file itself, not of one that it extends
  Node merged = std::move(loaded_[0].root);
  for (size_t i = 1; i < loaded_.size(); i++) {
    merged.erase("name");
    merged.erase("description");
    merge(merged, loaded_[i].root, "");
  }
  merged.mark = whole_mark;
  check_set_names();
  drop_nulls(merged);

  auto made = std::make_unique<Spec>();
  Spec& spec = *made;
  Decoder decoder(findings_, caller_.home);
  decoder.places = &spec.places;
  decoder.read(merged, spec);
  spec.name = name_;
  read_profile(spec.security.seccomp, spec.mark_of("/security/seccomp"));
  const bool whole = !findings_.failed();
  check_spec(findings_, spec, caller_);
  // Warnings about a part of a specification would be guesses.
  if (!whole) std::erase_if(findings_.diagnostics, [](const Diagnostic& each) { return severity_of(each.code) == Severity::warning; });
  if (findings_.failed()) return nullptr;
  return made;
}

}  // namespace

std::unique_ptr<Spec> load_spec(Findings& findings, const Input& input, const Caller& caller, const FileReader& reader, bool* unreadable) {
  return Composer(findings, input, caller, reader).run(unreadable);
}

Mark Spec::written_at(std::string_view pointer) const { return places.find(pointer); }

Mark Spec::mark_of(std::string_view pointer) const {
  for (;;) {
    const Mark mark = written_at(pointer);
    if (mark.line || pointer.empty()) return mark;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

void drop_allowed(Findings& findings, const Spec& spec) {
  std::erase_if(findings.diagnostics, [&](const Diagnostic& each) {
    return severity_of(each.code) == Severity::warning && spec.allow_warnings.find(slug_of(each.code));
  });
}

void check_spec(Findings& findings, const Spec& spec, const Caller& caller) {
  const Check check{findings, spec, caller};
  check_namespaces(check);
  check_id_maps(check);
  check_mounts(check);
  check_process(check);
  check_security(check);
}

}  // namespace nsbox
