// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.hpp"
#include "spec/builder.hpp"
#include "spec/exposure.hpp"
#include "spec/reach.hpp"

namespace nsbox {
namespace {

/// `~`: the caller's home; `@`: its runtime folder, /run/user/UID; `%`: its UID.
struct KnownSocket {
  std::string_view path;
  Code code;
  std::string_view words;
};
constexpr std::string_view rules_host = "who can connect to it is root on the host";
constexpr std::string_view holds_keys = "who can connect to it can use the caller's keys";
constexpr std::string_view runs_programs = "who can connect to it can have programs run outside";
constexpr std::string_view sees_screen = "who can connect to it sees the screen or hears the microphone";
constexpr KnownSocket sockets[] = {
    {"/run/docker.sock", Code::container_socket, rules_host},
    {"/run/podman/podman.sock", Code::container_socket, rules_host},
    {"/run/containerd/containerd.sock", Code::container_socket, rules_host},
    {"/run/crio/crio.sock", Code::container_socket, rules_host},
    {"/run/libvirt/libvirt-sock", Code::container_socket, rules_host},
    {"/var/lib/lxd/unix.socket", Code::container_socket, rules_host},
    {"/var/lib/incus/unix.socket", Code::container_socket, rules_host},
    {"@/docker.sock", Code::container_socket, runs_programs},
    {"@/podman/podman.sock", Code::container_socket, runs_programs},
    {"~/.docker/run/docker.sock", Code::container_socket, runs_programs},
    {"@/keyring/ssh", Code::agent_socket, holds_keys},
    {"@/gcr/ssh", Code::agent_socket, holds_keys},
    {"@/gnupg/S.gpg-agent", Code::agent_socket, holds_keys},
    {"~/.gnupg/S.gpg-agent", Code::agent_socket, holds_keys},
    {"~/.1password/agent.sock", Code::agent_socket, holds_keys},
    {"/run/dbus/system_bus_socket", Code::bus_socket, "who can connect to it can ask the host's services"},
    {"/run/systemd/private", Code::bus_socket, rules_host},
    {"@/bus", Code::bus_socket, runs_programs},
    {"/tmp/tmux-%/default", Code::bus_socket, runs_programs},
    {"@/systemd/private", Code::bus_socket, runs_programs},
    {"/tmp/.X11-unix", Code::display_socket, sees_screen},
    {"@/wayland-0", Code::display_socket, sees_screen},
    {"@/pipewire-0", Code::display_socket, sees_screen},
    {"@/pulse/native", Code::display_socket, sees_screen},
};

/// Sockets that the caller's environment names.
struct NamedSocket {
  const char* variable;
  std::string_view prefix;  // before the path
  Code code;
  std::string_view words;
};
constexpr NamedSocket named_sockets[] = {
    {"SSH_AUTH_SOCK", "", Code::agent_socket, holds_keys},
    {"DBUS_SESSION_BUS_ADDRESS", "unix:path=", Code::bus_socket, runs_programs},
    {"DOCKER_HOST", "unix://", Code::container_socket, rules_host},
};

/// What the caller's shell and tools run or believe.
constexpr std::string_view home_parts[] = {".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".ssh",
                                           ".config", ".local", ".gitconfig", ".gnupg", "bin", ".cargo", ".npmrc", ".docker"};

void known_path(std::string_view path, const Caller& caller, std::string_view uid, std::string& out) {
  out.clear();
  if (path.starts_with("~")) {
    if (!caller.home.empty()) out.append(caller.home).append(path.substr(1));
  } else if (path.starts_with("@")) {
    out.append("/run/user/").append(uid).append(path.substr(1));
  } else {
    out = path;
    if (const size_t at = out.find('%'); at != out.npos) out.replace(at, 1, uid);
  }
}

void warn(PlanBuilder& builder, const Tree& tree, Code code, std::vector<std::string> args) {
  builder.findings.add(code, tree.mark, tree.pointer, std::move(args));
}

void warn_of_sockets(PlanBuilder& builder) {
  const Caller& caller = builder.facts.caller;
  struct What {
    Code code;
    std::string_view words;
  };
  std::vector<std::string> paths;
  std::vector<What> what;  // beside `paths`
  paths.reserve(std::size(sockets) + std::size(named_sockets));
  what.reserve(paths.capacity());
  const auto ask = [&](std::string path, Code code, std::string_view words) {
    if (!path.starts_with('/')) return;
    paths.push_back(std::move(path));
    what.push_back({code, words});
  };
  const std::string uid = std::to_string(caller.uid);
  std::string path;
  for (const KnownSocket& each : sockets) {
    known_path(each.path, caller, uid, path);
    ask(path, each.code, each.words);
  }
  for (const NamedSocket& each : named_sockets) {
    const char* value = caller.variable ? caller.variable(each.variable) : nullptr;
    std::string_view text = value ? value : "";
    if (!text.starts_with(each.prefix)) continue;
    text.remove_prefix(each.prefix.size());
    path = normal_path(text.substr(0, text.find_first_of(",;")));
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) ask(path, each.code, each.words);
  }
  const Reach reach(builder.layout, paths);
  for (size_t i = 0; i < paths.size(); i++) {
    const auto reached = reach.find(paths[i]);
    if (!reached || (reached->kind != FileKind::socket && reached->kind != FileKind::folder)) continue;
    warn(builder, *reached->tree, what[i].code, {reached->inside, std::string(what[i].words)});
  }
}

/// Whether the payload can write what stands at `inside`, and it is this file of the host.
bool writes(const PlanBuilder& builder, const std::string& inside, const std::string& host) {
  const Found found = builder.layout.find(inside);
  return found.kind != FileKind::missing && found.tree && found.tree->writable && found.host == host;
}

void warn_of_home(PlanBuilder& builder) {
  const std::string& home = builder.facts.caller.home;
  if (home.size() < 2) return;
  builder.layout.for_each([&](const std::string& target, const Tree& tree) {
    if (!tree.writable || tree.kind != Tree::Kind::host) return;
    const std::string& host = tree.hosts[0];
    const std::string top = target == "/" ? "" : target;
    if (is_below(home, host)) {
      const std::string inside = top + home.substr(host == "/" ? 0 : host.size());
      if (writes(builder, inside, home)) warn(builder, tree, Code::writable_home, {inside.empty() ? "/" : inside});
      return;
    }
    if (!is_below(host, home)) return;
    const std::string_view rest = std::string_view(host).substr(home.size() + 1);
    for (const std::string_view part : home_parts)
      if (is_below(rest, part) && writes(builder, target, host)) return warn(builder, tree, Code::writable_home, {target});
  });
}

void warn_of_hooks(PlanBuilder& builder) {
  builder.layout.for_each([&](const std::string& target, const Tree& tree) {
    if (!tree.writable || tree.kind != Tree::Kind::host || !tree.folder || tree.hosts[0] == "/") return;
    const std::string host = tree.hosts[0] + "/.git", inside = (target == "/" ? "" : target) + "/.git";
    if (builder.facts.path(host).kind == FileKind::folder && writes(builder, inside, host)) warn(builder, tree, Code::writable_hooks, {inside, host, inside});
  });
}

}  // namespace

Reach::Reach(const Layout& layout, std::span<const std::string> paths) : layout_(layout) {
  std::vector<std::string_view> sorted(paths.begin(), paths.end());
  std::ranges::sort(sorted);
  const auto holds_one = [&](std::string_view folder) {
    for (auto each = std::ranges::lower_bound(sorted, folder); each != sorted.end() && each->starts_with(folder); ++each)
      if (is_below(*each, folder)) return true;
    return false;
  };
  layout.for_each([&](const std::string& target, const Tree& tree) {
    if (tree.kind != Tree::Kind::host && tree.kind != Tree::Kind::layers) return;
    for (const std::string& host : tree.hosts)
      if (holds_one(host)) shown_.push_back({host, target, &tree});
  });
}

std::optional<Reached> Reach::find(const std::string& path) const {
  for (const Shown& each : shown_) {
    if (!is_below(path, each.host)) continue;
    std::string inside(each.target == "/" ? "" : each.target);
    inside.append("/").append(path, each.host == "/" ? 0 : each.host.size());
    inside = normal_path(inside);
    const Found found = layout_.find(inside);
    if (found.kind != FileKind::missing && found.kind != FileKind::denied && found.known && found.host == path && found.tree == each.tree) return Reached{inside, each.tree, found.kind};
  }
  return std::nullopt;
}

void warn_of_reach(PlanBuilder& builder) {
  // Who keeps the caller's mounts has asked for no other files than the caller's.
  if (!builder.spec.namespaces.fresh(NsType::mount)) return;
  warn_of_sockets(builder);
  // In the host's own tree shifted ids own nothing.
  if (builder.shifted() && builder.spec.host_root()) return;
  warn_of_home(builder);
  warn_of_hooks(builder);
}

}  // namespace nsbox
