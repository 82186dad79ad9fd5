// SPDX-License-Identifier: MIT
#include "spec/exposure.hpp"

#include <algorithm>

#include "base/capabilities.hpp"
#include "base/text.hpp"
#include "filter/default_policy.hpp"
#include "filter/names.hpp"
#include "spec/builder.hpp"
#include "spec/reach.hpp"

namespace nsbox {
namespace {

constexpr Weight table[] = {
    // the host is at the payload's mercy
    {Code::container_socket, 35}, {Code::disk_device, 35}, {Code::strong_host_capability, 30}, {Code::host_tree_writable, 30},
    {Code::host_mounts, 30}, {Code::host_root, 25}, {Code::no_filter, 25}, {Code::calls_passed, 1, 25},
    // one fault of the kernel or one careless program away
    {Code::bus_socket, 15}, {Code::agent_socket, 15}, {Code::host_tree, 15}, {Code::host_network, 15}, {Code::host_proc, 15},
    {Code::nested_namespaces, 15}, {Code::writable_home, 15}, {Code::carried_remount, 10}, {Code::display_socket, 10},
    {Code::host_processes, 10}, {Code::host_users, 10}, {Code::secrets_readable, 10}, {Code::new_privileges, 10},
    {Code::shared_to_host, 10}, {Code::writable_kernel_files, 10}, {Code::host_mounts_limited, 10}, {Code::host_capability, 8},
    {Code::writable_hooks, 7}, {Code::strong_capability, 6},
    // more to reach, or to see
    {Code::host_ipc, 5}, {Code::host_sysfs, 5}, {Code::unmasked_kernel_files, 5}, {Code::devices_allowed, 5}, {Code::other_abi_passed, 5}, {Code::whole_environment, 5},
    {Code::device, 3}, {Code::writable_bind, 3}, {Code::passed_descriptor, 3}, {Code::callers_terminal, 3}, {Code::landlock_left_open, 3},
    {Code::sysfs_visible, 2}, {Code::capability, 2}, {Code::set_id_allowed, 2}, {Code::groups_kept, 2}, {Code::host_cgroup, 2},
    {Code::no_process_limit, 2}, {Code::no_memory_limit, 2}, {Code::host_names, 1}, {Code::hostname_copied, 1},
    {Code::writable_bind_as_root, 1},
};

/// What rules much of the kernel, in a namespace of its own too.
constexpr std::string_view strong[] = {"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "SYS_BOOT", "BPF", "PERFMON", "NET_ADMIN", "DAC_READ_SEARCH", "DAC_OVERRIDE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "SETFCAP", "SYS_TIME", "CHECKPOINT_RESTORE"};

constexpr std::string_view secrets[] = {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".netrc", ".git-credentials", ".config/gcloud", ".config/gh", ".docker/config.json",
                                        ".npmrc", ".pypirc", ".cargo/credentials.toml", ".vault-token", ".password-store", ".local/share/keyrings", ".mozilla", ".config/google-chrome",
                                        ".config/chromium", ".thunderbird", ".bash_history", ".claude", ".codex"};

class Counter {
 public:
  explicit Counter(PlanBuilder& builder) : builder_(builder), spec_(builder.spec) {}

  void namespaces() {
    struct Shared {
      NsType type;
      Code code;
    };
    static constexpr Shared all[] = {{NsType::user, Code::host_users}, {NsType::mount, Code::host_mounts}, {NsType::pid, Code::host_processes}, {NsType::ipc, Code::host_ipc},
                                     {NsType::uts, Code::host_names}, {NsType::net, Code::host_network}, {NsType::cgroup, Code::host_cgroup}};
    const auto& landlock = spec_.security.landlock;
    for (const Shared& each : all) {
      if (spec_.namespaces.fresh(each.type)) continue;
      const bool joined = spec_.namespaces.joined(each.type);
      const bool limited = each.type == NsType::mount && landlock && landlock->files();
      add(limited ? Code::host_mounts_limited : each.code, pointer_to("/namespaces", info(each.type).name), {joined ? "joined" : "caller's"});
    }
    if (spec_.namespaces.fresh(NsType::uts) && !spec_.hostname) add(Code::hostname_copied, "/hostname");
    if (spec_.namespaces.fresh(NsType::user) && !builder_.maps.setgroups) add(Code::groups_kept, "/id_maps");
  }

  /// What of the host's own trees shows, wherever it is mounted from.
  void trees() {
    if (!spec_.namespaces.fresh(NsType::mount)) return;
    builder_.layout.for_each([&](const std::string& target, const Tree& tree) {
      if (tree.kind != Tree::Kind::host && tree.kind != Tree::Kind::layers) return;
      const bool whole = std::find(tree.hosts.begin(), tree.hosts.end(), "/") != tree.hosts.end();
      if (whole) add_at(tree, tree.writable && tree.kind == Tree::Kind::host ? Code::host_tree_writable : Code::host_tree, {target});
      else if (tree.writable) add_at(tree, Code::writable_bind, {target});
    });
    struct Place {
      const char* path;
      Code code;
    };
    for (const Place& each : {Place{"/proc", Code::host_proc}, Place{"/sys", Code::host_sysfs}})
      if (const auto reached = reach(builder_.layout, each.path)) add_at(*reached->tree, each.code, {reached->inside});
    std::string seen;
    const Tree* tree = nullptr;
    const std::string& home = builder_.facts.caller.home;
    for (const std::string_view secret : secrets) {
      const auto reached = home.size() < 2 ? std::nullopt : reach(builder_.layout, home + "/" + std::string(secret));
      if (!reached) continue;
      seen += (seen.empty() ? "" : ", ") + reached->inside;
      tree = reached->tree;
    }
    if (tree) add_at(*tree, Code::secrets_readable, {seen});
  }

  void mounts() {
    for (const Mount& mount : spec_.mounts) one_mount(mount);
    if (spec_.root && spec_.root->mount) one_mount(*spec_.root->mount);
  }

  void security() {
    const Security& security = spec_.security;
    const bool host = !spec_.namespaces.fresh(NsType::user);
    const uint64_t mask = security.capabilities.of(builder_.facts);
    for (const CapabilityInfo& each : capabilities) {
      if (!(mask >> each.number & 1)) continue;
      const bool rules = std::find(std::begin(strong), std::end(strong), each.name) != std::end(strong);
      add(host ? (rules ? Code::strong_host_capability : Code::host_capability) : (rules ? Code::strong_capability : Code::capability), "/security/capabilities", {std::string(each.name)});
    }
    if (!security.no_new_privs) add(Code::new_privileges, "/security/no_new_privs");
    if (security.allow_nested_userns) add(Code::nested_namespaces, "/security/allow_nested_userns");
    for (const auto& entry : builder_.plan.payload)
      if (const auto* filter = std::get_if<SetFilter>(&entry.step)) calls(*filter);
  }

  void process() {
    const Process& process = spec_.process;
    if (process.env_inherit.all) add(Code::whole_environment, "/process/env_inherit");
    for (size_t i = 0; i < process.pass_fds.size(); i++) add(Code::passed_descriptor, pointer_to("/process/pass_fds", i), {std::to_string(process.pass_fds[i].value)});
    if (builder_.plan.supervision.terminal == TerminalKind::inherit) add(Code::callers_terminal, "/process/terminal");
    if (!process.rlimits.find("nproc")) add(Code::no_process_limit, "/process/rlimits");
    if (!process.rlimits.find("as") && !process.rlimits.find("data")) add(Code::no_memory_limit, "/process/rlimits");
  }

 private:
  void add(Code code, const std::string& pointer, std::vector<std::string> args = {}) {
    builder_.findings.add(code, spec_.mark_of(pointer), pointer, std::move(args));
  }
  void add_at(const Tree& tree, Code code, std::vector<std::string> args) { builder_.findings.add(code, tree.mark, tree.pointer, std::move(args)); }

  void one_mount(const Mount& mount) {
    const auto add = [&](Code code, const std::string& what) { builder_.findings.add(code, mark_or(mount), mount.pointer, {what}); };
    const std::string target = mount.target ? mount.target->path : "/";
    for (const BoxPath& device : mount.devices) add(kind_of(device.path) == FileKind::block ? Code::disk_device : Code::device, device.path);
    if (mount.is("bind") && mount.source) {
      const FileKind kind = kind_of(mount.source->path);
      if (kind == FileKind::block) add(Code::disk_device, target);
      else if (kind == FileKind::character) add(Code::device, target);
    }
    if (mount.nodev == false) add(Code::devices_allowed, target);
    if (mount.nosuid == false) add(Code::set_id_allowed, target);
    if (mount.is("proc") && mount.masked == false) add(Code::unmasked_kernel_files, target);
    if ((mount.is("sysfs") || mount.is("cgroup2")) && mount.readonly == false) add(Code::writable_kernel_files, target);
    if (mount.is("sysfs")) add(Code::sysfs_visible, target);
  }
  Mark mark_or(const Mount& mount) const { return mount.mark.line ? mount.mark : spec_.mark_of(mount.pointer); }
  FileKind kind_of(const std::string& path) const { return builder_.facts.resolved(path).kind; }

  /// Calls that pass, and would not with nsbox's own filter for these rights.
  void calls(const SetFilter& step) {
    if (spec_.security.seccomp.kind == Seccomp::Kind::standard) return;
    if (!spec_.security.seccomp.native_only()) add(Code::other_abi_passed, "/security/seccomp");
    const filter::BuiltIn own = filter::built_in({spec_.security.allow_nested_userns, spec_.security.capabilities.has("FSETID")});
    const auto refuses = [](const filter::Answer& answer) { return answer.verdict != SECCOMP_RET_ALLOW && answer.verdict != SECCOMP_RET_LOG; };
    std::string names;
    unsigned count = 0;
    for (uint32_t number = 0; number < filter::numbers_end; number++) {
      const filter::Answer before = filter::answer(own.program, filter::native_arch, number), now = filter::answer(step.program, filter::native_arch, number);
      if (refuses(now) || !(refuses(before) || (before.by_arguments && !now.by_arguments))) continue;
      const std::string name = filter::name_of(number);
      if (name.empty()) continue;
      if (++count <= 12) names += (names.empty() ? "" : " ") + name;
    }
    if (count > 12) names += " …";
    if (count) add(Code::calls_passed, "/security/seccomp", {std::to_string(count), names});
  }

  PlanBuilder& builder_;
  const Spec& spec_;
};

}  // namespace

std::span<const Weight> weights() { return table; }

int weight_of(const Diagnostic& finding) {
  for (const Weight& each : table) {
    if (each.code != finding.code) continue;
    return each.most ? static_cast<int>(std::min<int64_t>(each.most, each.tenths * std::atoll(finding.args[0].c_str()))) : each.tenths;
  }
  return 0;
}

void add_exposures(PlanBuilder& builder) {
  Counter counter(builder);
  counter.namespaces();
  counter.trees();
  counter.mounts();
  counter.security();
  counter.process();
}

}  // namespace nsbox
