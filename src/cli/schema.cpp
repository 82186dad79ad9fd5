// SPDX-License-Identifier: MIT
// What the field tables say of themselves: the JSON Schema, and the reference of nsbox.yaml(5).
#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/audit_text.hpp"
#include "cli/command.hpp"
#include "cli/explain.hpp"
#include "cli/output.hpp"
#include "spec/exposure.hpp"
#include "spec/spec.hpp"

namespace nsbox {
namespace {

Node schema_document() {
  Node node = Node::map();
  node.set("$schema", Node::scalar("http://json-schema.org/draft-07/schema#"));
  node.set("title", Node::scalar("nsbox sandbox specification, version 1"));
  Node body = schema<Spec>();
  Node* properties = body.find("properties");
  if (Node* name = properties->find("name")) name->set("pattern", Node::scalar("^[a-z0-9][a-z0-9_.-]{0,62}$|\\$\\{"));
  const auto names = [&](const char* key, const char* pattern) {
    Node text = Node::map();
    text.set("pattern", Node::scalar(pattern));
    for (Node& branch : properties->find(key)->find("anyOf")->items)
      if (branch.find("additionalProperties")) branch.set("propertyNames", text);
  };
  names("vars", "^(?!(UID|GID|USER|HOME|SPEC_DIR|CWD|NAME)$)[A-Za-z_][A-Za-z0-9_]*$");
  names("sysctl", "^(net\\.[^./]|kernel\\.(msg|shm)[^./]|kernel\\.sem$|fs\\.mqueue\\.[^./])");
  Node extensions = Node::map();
  extensions.set("^x-", Node::map());
  body.set("patternProperties", std::move(extensions));
  Node need = Node::list();
  need.items.push_back(Node::scalar("nsbox"));
  body.set("required", std::move(need));
  for (Member& member : body.members) node.set(member.key, std::move(member.value));
  return node;
}

/// scdoc takes `_`, `*`, `[`, a backtick and the like for markup.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '_' || c == '*' || c == '<' || c == '~' || c == '[' || c == '`') out += '\\';
    out += c;
  }
  return out;
}

/// A type for people: no end where the end is that of the machine's numbers.
std::string type_words(std::string type) {
  static const std::string unbounded = "…" + std::to_string(INT64_MAX);
  if (type.ends_with(unbounded)) type.replace(type.size() - unbounded.size(), unbounded.size(), " or more");
  return type;
}

std::string preset_words(const Node& preset) {
  if (preset.is_scalar()) return preset.text;
  if (preset.is_list() && !preset.items.empty()) {
    std::string out;
    for (const Node& item : preset.items) out += (out.empty() ? "" : ", ") + item.text;
    return "[" + out + "]";
  }
  return "";
}

template <Described S>
std::string reference_of(const std::string& prefix) {
  std::string out;
  const S defaults{};
  for_each_field<S>([&](const auto& field) {
    using M = std::remove_cvref_t<decltype(defaults.*(field.member))>;
    std::string line = "*" + safe(prefix + std::string(field.key)) + "* (" + safe(type_words(Codec<M>::type()));
    if constexpr (!Described<M>) {
      const Node preset = encode(defaults.*(field.member));
      if (const std::string text = preset_words(preset); !text.empty()) line += "; default " + safe(text);
    }
    out += line + ")\n\t" + safe(field.doc) + "\n\n";
    if constexpr (Described<M>) out += reference_of<M>(prefix + std::string(field.key) + ".");
    else if constexpr (std::is_same_v<M, std::optional<TimeOffsets>> || std::is_same_v<M, std::optional<Landlock>>) out += reference_of<typename M::value_type>(prefix + std::string(field.key) + ".");
    else if constexpr (std::is_same_v<M, Seccomp>) out += reference_of<SeccompLists>(prefix + std::string(field.key) + ".");
  });
  return out;
}

/// A message as it stands in the table, with `…` for what is filled in.
std::string message_words(Code code) {
  std::string out;
  const std::string text = template_of(code);
  for (size_t i = 0; i < text.size(); i++) {
    const size_t end = text[i] == '{' ? text.find('}', i) : std::string::npos;
    if (end == std::string::npos) out += text[i];
    else out += "…", i = end;
  }
  return out;
}

std::string mount_reference() {
  std::string out;
  for (const MountKind& kind : mount_kinds()) {
    std::string keys;
    const auto needed = [&](std::string_view key) { return std::find(kind.need.begin(), kind.need.end(), key) != kind.need.end(); };
    for (const std::string_view key : kind.own) keys += (keys.empty() ? "" : ", ") + std::string(key) + (needed(key) ? " (needed)" : "");
    out += "*" + safe(kind.name) + "*" + (kind.as_root ? " (also as *root*)" : "") + "\n\t" + safe(kind.doc);
    if (!keys.empty()) out += " Own keys: " + safe(keys) + ".";
    if (!kind.common) out += " Of the common keys: optional, create, override.";
    out += "\n\n";
  }
  return out;
}

}  // namespace

int run_schema(const Arguments&) {
  printf("%s\n", to_json(schema_document()).c_str());
  return 0;
}

int run_reference(const Arguments&) {
  std::string out = "# KEYS\n\n" + reference_of<Spec>("");
  out += "# MOUNT TYPES\n\n" + mount_reference();
  out += "# KEYS OF MOUNTS\n\n" + reference_of<Mount>("");
  out += "# WARNINGS\n\n";
  for (size_t i = 0; i < static_cast<size_t>(Code::count); i++) {
    const Code code = static_cast<Code>(i);
    if (severity_of(code) == Severity::warning) out += "*" + std::string(slug_of(code)) + "*\n\t" + safe(message_words(code)) + "\n\n";
  }
  out += "# WHAT AUDIT COUNTS\n\nnsbox-audit(1) takes the weight of each of these from 10.\n\n";
  for (const Weight& each : weights()) {
    const std::string weight = score_text(each.most ? each.most : each.tenths);
    out += "*" + std::string(slug_of(each.code)) + "* (" + (each.most ? score_text(each.tenths) + " each, at most " : "") + weight + ")\n\t" + safe(message_words(each.code)) + "\n\n";
  }
  fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace nsbox
