// SPDX-License-Identifier: MIT
// A whole specification. Each section's file pair holds its fields, its rules (check) and its
// translation into steps (plan).
#pragma once
#include "spec/id_maps.hpp"
#include "spec/mounts.hpp"
#include "spec/namespaces.hpp"
#include "spec/process.hpp"
#include "spec/security.hpp"

namespace nsbox {

struct Version {};  // of the language: 1
template <>
struct Codec<Version> {
  static bool decode(Decoder& decoder, const Node& node, Version&) {
    if (node.is_scalar() && node.plain && node.text == "1") return true;
    if (node.is_scalar() && node.text == "1") decoder.error(Code::quoted_number, node, {node.text});
    else decoder.error(Code::bad_version, node, {node.is_scalar() ? node.text : std::string(kind_words(node))});
    return false;
  }
  static Node encode(const Version&) { return Node::number(1); }
  static Node schema() {
    Node node = Node::map();
    node.set("const", Node::number(1));
    return node;
  }
  static std::string type() { return "1"; }
};

struct Extends {};  // gone after composition
template <>
struct Codec<Extends> {
  static bool decode(Decoder&, const Node&, Extends&) { return true; }
  static Node encode(const Extends&) { return {}; }
  static Node schema() {
    Node list = schema_of_type("array");
    list.set("items", Codec<HostPath>::schema());
    return schema_any_of({Codec<HostPath>::schema(), std::move(list)});
  }
  static std::string type() { return "host path or list of host paths"; }
};

struct Spec {
  Version nsbox;
  std::string name, description;
  Extends extends;
  Dict<std::string> vars;
  Namespaces namespaces;
  std::optional<TimeOffsets> time_offsets;
  std::optional<std::string> hostname, domainname;
  IdMaps id_maps;
  Propagation propagation = Propagation::private_;
  std::optional<Root> root;
  std::vector<Mount> mounts;
  Dict<std::string> sysctl;
  Process process;
  Security security;
  Unsupported resources;
  Network network;
  Unsupported tests;
  Dict<std::string> allow_warnings;

  Places places;  // where each value came from

  static constexpr auto fields() {
    return std::tuple{
        field("nsbox", &Spec::nsbox, "Language version; the one key that must be there."),
        field("name", &Spec::name, "[a-z0-9][a-z0-9_.-]{0,62}; by default from the file's name."),
        field("description", &Spec::description, "For people."),
        field("extends", &Spec::extends, "Files that this one builds on, a path or a list; merged in order, this file last."),
        field("vars", &Spec::vars, "Defaults for ${NAME}.").merged(Merge::by_key),
        field("namespaces", &Spec::namespaces, "A list: exactly these are new. A mapping changes single types: new, host, {join: REF}, {pin: PATH}.").merged(Merge::by_key),
        field("time_offsets", &Spec::time_offsets, "Offsets of the clocks of a new time namespace.").merged(Merge::by_key),
        field("hostname", &Spec::hostname, "Host name, at most 64 bytes; copied from the caller when absent."),
        field("domainname", &Spec::domainname, "NIS domain name, at most 64 bytes."),
        field("id_maps", &Spec::id_maps, "User and group ids of the new user namespace. Default: `root` for an ordinary user, `shift` for root."),
        field("propagation", &Spec::propagation, "Of the new mount namespace, recursively: private, slave, shared."),
        field("root", &Spec::root, "The root of the sandbox; an empty tmpfs by default where the mount namespace is new."),
        field("mounts", &Spec::mounts, "Applied in order. Short form: SOURCE[:TARGET][:OPTION,…], a bind.").merged(Merge::concat),
        field("sysctl", &Spec::sysctl, "Namespaced kernel settings.").merged(Merge::by_key),
        field("process", &Spec::process, "What is run.").merged(Merge::by_key),
        field("security", &Spec::security, "Rights.").merged(Merge::by_key),
        field("resources", &Spec::resources, "Limits by cgroup.").merged(Merge::by_key),
        field("network", &Spec::network, "Connection of a new net namespace.").merged(Merge::by_key),
        field("tests", &Spec::tests, "Assertions for `nsbox test`.").merged(Merge::concat),
        field("allow_warnings", &Spec::allow_warnings, "Warnings' codes and why they are accepted here.").merged(Merge::by_key),
    };
  }

  /// Where the value was written, or what it is in; line 0 only when nothing was.
  Mark mark_of(std::string_view pointer) const;
  /// Where exactly this value was written; line 0 when it is a default.
  Mark written_at(std::string_view pointer) const;
  bool host_root() const { return root ? root->host : !namespaces.fresh(NsType::mount); }
};

/// Everything that can be said of a specification without a host: every section's check.
void check_spec(Findings& findings, const Spec& spec, const Caller& caller);

/// Takes away the warnings that the specification accepts (`allow_warnings`).
void drop_allowed(Findings& findings, const Spec& spec);

}  // namespace nsbox
