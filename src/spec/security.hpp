// SPDX-License-Identifier: MIT
// security, sysctl, network, resources, tests: what is there so far.
#pragma once
#include <optional>
#include <string_view>

#include "fields/scalars.hpp"
#include "spec/check.hpp"
#include "spec/landlock.hpp"
#include "spec/seccomp.hpp"

namespace nsbox {

class PlanBuilder;

struct Capabilities {
  uint64_t mask = 0;
  bool all = false;
  /// All that this kernel has, which is asked for only then, or those that are listed.
  uint64_t of(const HostFacts& facts) const {
    if (!all) return mask;
    const uint64_t last = facts.capability_last();
    return last >= 63 ? ~uint64_t{0} : (uint64_t{1} << (last + 1)) - 1;
  }
  bool has(std::string_view name) const;
};

template <>
struct Codec<Capabilities> {
  static bool decode(Decoder&, const Node&, Capabilities& out);
  static Node encode(const Capabilities& value);
  static Node schema();
  static std::string type() { return "list of names, or `all`"; }
};

/// Of a security module: 1 to 1024 bytes without blanks or control characters.
struct Label {
  std::string text;
};
template <>
struct Codec<Label> {
  static bool decode(Decoder&, const Node&, Label& out);
  static Node encode(const Label& value) { return Node::scalar(value.text); }
  static Node schema() { return schema_of_text("^[^\\x00-\\x20\\x7f]{1,1024}$|\\$\\{"); }
  static std::string type() { return "label"; }
};

struct Security {
  Capabilities capabilities;
  bool no_new_privs = true;
  bool allow_nested_userns = false;
  Seccomp seccomp;
  std::optional<Landlock> landlock;
  std::optional<Label> apparmor, selinux;

  static constexpr auto fields() {
    return std::tuple{
        field("capabilities", &Security::capabilities, "Exactly these are in all five sets, ambient too; names with or without CAP_, or `all`."),
        field("no_new_privs", &Security::no_new_privs, "No program gains rights by exec (set-user-ID, file capabilities)."),
        field("seccomp", &Security::seccomp, "System call filter: `default` (nsbox's own), `off`, the path of an OCI-format profile, or lists of calls."),
        field("landlock", &Security::landlock, "Landlock rules: what the command refuses itself, whatever the files' modes say."),
        field("allow_nested_userns", &Security::allow_nested_userns, "User namespaces may be made inside."),
        field("apparmor", &Security::apparmor, "AppArmor label that the command gets at exec; an error where the kernel has no AppArmor."),
        field("selinux", &Security::selinux, "SELinux context that the command gets at exec; an error where the kernel has no SELinux."),
    };
  }
};

enum class NetworkMode : uint8_t { none, user, veth, macvlan };
template <>
struct EnumNames<NetworkMode> {
  static constexpr std::pair<std::string_view, NetworkMode> names[] = {
      {"none", NetworkMode::none}, {"user", NetworkMode::user}, {"veth", NetworkMode::veth}, {"macvlan", NetworkMode::macvlan}};
};

struct Network {
  NetworkMode mode = NetworkMode::none;
  Unsupported bridge, address, gateway, mtu, parent, ports, allow, dns, hosts;

  static constexpr auto fields() {
    return std::tuple{
        field("mode", &Network::mode, "How a new net namespace is connected; in this version only `none`: nothing but a loopback device that is up."),
        field("bridge", &Network::bridge, "Bridge of the host (veth)."),
        field("address", &Network::address, "Address inside (veth, macvlan)."),
        field("gateway", &Network::gateway, "Gateway inside (veth, macvlan)."),
        field("mtu", &Network::mtu, "MTU (veth, macvlan)."),
        field("parent", &Network::parent, "Device of the host (macvlan)."),
        field("ports", &Network::ports, "Ports of the host that lead inside."),
        field("allow", &Network::allow, "Destinations that may be reached."),
        field("dns", &Network::dns, "Contents of /etc/resolv.conf."),
        field("hosts", &Network::hosts, "Contents of /etc/hosts."),
    };
  }
};

void check_security(const Check& check);
void plan_sysctl(PlanBuilder& builder);
void plan_labels(PlanBuilder& builder);       // become
void plan_credentials(PlanBuilder& builder);  // open and credentials
void plan_seal(PlanBuilder& builder);         // what comes last, the filter above all

}  // namespace nsbox
