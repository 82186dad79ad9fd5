// SPDX-License-Identifier: MIT
#include "spec/exposure.hpp"

#include <algorithm>
#include <array>

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
    {Code::host_mounts, 30}, {Code::host_root, 25}, {Code::host_system_writable, 25}, {Code::no_filter, 25}, {Code::calls_passed, 1, 25},
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
      const bool limited = each.type == NsType::mount && landlock && landlock->files() && !everything(landlock->write);
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
      else if (tree.writable) add_at(tree, tree.kind == Tree::Kind::host && as_host_root(mount_of(tree)) && of_the_system(tree.hosts[0]) ? Code::host_system_writable : Code::writable_bind, {target});
    });
    const std::string& home = builder_.facts.caller.home;
    std::vector<std::string> paths{"/proc", "/sys"};
    if (home.size() > 1)
      for (const std::string_view secret : secrets) paths.push_back(home + "/" + std::string(secret));
    const Reach reach(builder_.layout, paths);
    for (const size_t i : {size_t{0}, size_t{1}})
      if (const auto reached = reach.find(paths[i])) add_at(*reached->tree, i == 0 ? Code::host_proc : Code::host_sysfs, {reached->inside});
    std::string seen;
    const Tree* tree = nullptr;
    for (size_t i = 2; i < paths.size(); i++) {
      const auto reached = reach.find(paths[i]);
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
    if (!limited("nproc")) add(Code::no_process_limit, "/process/rlimits");
    if (!limited("as") && !limited("data")) add(Code::no_memory_limit, "/process/rlimits");
    for (const auto& [key, file] : {std::pair{"stdin", &process.stdin_}, {"stdout", &process.stdout_}, {"stderr", &process.stderr_}})
      if ((file->kind == Stdio::Kind::path || file->kind == Stdio::Kind::append) && kind_of(file->path.path) == FileKind::block)
        add(Code::disk_device, pointer_to("/process", key), {file->path.path});
  }

 private:
  void add(Code code, const std::string& pointer, std::vector<std::string> args = {}) {
    builder_.findings.add(code, spec_.mark_of(pointer), pointer, std::move(args));
  }
  void add_at(const Tree& tree, Code code, std::vector<std::string> args) { builder_.findings.add(code, tree.mark, tree.pointer, std::move(args)); }

  bool limited(std::string_view name) const {
    const LimitPair* pair = spec_.process.rlimits.find(name);
    uint64_t value = UINT64_MAX;
    return pair && parse_limit(*find_limit(name), pair->hard, value) && value != UINT64_MAX;
  }
  static bool everything(const std::optional<std::vector<BoxPath>>& paths) {
    return paths && std::any_of(paths->begin(), paths->end(), [](const BoxPath& each) { return each.path == "/"; });
  }
  /// Whether the payload's ids may be the host's root's there: a mapped mount gives shifted ids back.
  bool as_host_root(const Mount* mount) const { return builder_.facts.caller.root && (!builder_.shifted() || (mount && mount->is("bind") && mount->idmap.value_or(true))); }
  const Mount* mount_of(const Tree& tree) const {
    for (const Mount& mount : spec_.mounts)
      if (mount.pointer == tree.pointer) return &mount;
    return spec_.root && spec_.root->mount ? &*spec_.root->mount : nullptr;
  }
  /// What the host's root runs or believes.
  static bool of_the_system(const std::string& host) {
    static constexpr std::string_view whole[] = {"/opt", "/root", "/var"}, with_all_below[] = {"/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr"};
    return std::find(std::begin(whole), std::end(whole), host) != std::end(whole) ||
           std::any_of(std::begin(with_all_below), std::end(with_all_below), [&](std::string_view folder) { return is_below(host, folder); });
  }
  /// A block device in a folder of the host, or in the /dev below it; "" when there is none.
  std::string disk_in(const std::string& host) const {
    for (const std::string& folder : {host, join_path(host, "dev")}) {
      if (builder_.shifted() && is_below(folder, "/dev")) continue;  // the kernel maps no mounts of it
      if (kind_of(folder) != FileKind::folder) continue;
      for (const std::string& name : builder_.facts.probe_entries(folder))
        if (kind_of(join_path(folder, name)) == FileKind::block) return join_path(folder, name);
    }
    return "";
  }

  /// What has a type of nsbox' own, which masks it, or has none.
  static bool of_the_kernel(std::string_view fstype) {
    static constexpr std::string_view all[] = {"proc", "sysfs", "debugfs", "tracefs", "securityfs", "efivarfs", "configfs", "bpf", "pstore", "binfmt_misc", "cgroup", "cgroup2", "nfsd"};
    return std::find(std::begin(all), std::end(all), fstype) != std::end(all);
  }

  void one_mount(const Mount& mount) {
    const auto add = [&](Code code, const std::string& what) { builder_.findings.add(code, mark_or(mount), mount.pointer, {what}); };
    const std::string target = mount.target ? mount.target->path : "/";
    for (const BoxPath& device : mount.devices) add(kind_of(device.path) == FileKind::block ? Code::disk_device : Code::device, device.path);
    if (mount.is("bind") && mount.source) {
      const FileKind kind = kind_of(mount.source->path);
      if (kind == FileKind::block) add(Code::disk_device, target);
      else if (kind == FileKind::character) add(Code::device, target);
    }
    if ((mount.is("image") || mount.is("fs")) && mount.source && kind_of(source_of(mount)) == FileKind::block) add(Code::disk_device, source_of(mount));
    if (mount.is("fs") && mount.fstype && of_the_kernel(*mount.fstype)) add(mount.effective_readonly() ? Code::unmasked_kernel_files : Code::writable_kernel_files, target);
    if (mount.nodev == false) {
      const Tree* tree = builder_.layout.at(target);
      std::string disk;
      for (size_t i = 0; tree && as_host_root(&mount) && disk.empty() && i < tree->hosts.size(); i++) disk = disk_in(tree->hosts[i]);
      if (mount.is("fs") && mount.fstype && *mount.fstype == "devtmpfs") disk = target;
      add(disk.empty() ? Code::devices_allowed : Code::disk_device, disk.empty() ? target : disk);
    }
    if (mount.nosuid == false) add(Code::set_id_allowed, target);
    if (mount.is("proc") && mount.masked == false) add(Code::unmasked_kernel_files, target);
    if ((mount.is("sysfs") || mount.is("cgroup2")) && mount.readonly == false) add(Code::writable_kernel_files, target);
    if (mount.is("sysfs")) add(Code::sysfs_visible, target);
  }
  Mark mark_or(const Mount& mount) const { return mount.mark.line ? mount.mark : spec_.mark_of(mount.pointer); }
  static const std::string& source_of(const Mount& mount) { return mount.is("fs") ? mount.source->text : mount.source->path; }
  FileKind kind_of(const std::string& path) const { return builder_.facts.resolved(path).kind; }

  static bool passes(const filter::Answer& answer) { return answer.verdict == SECCOMP_RET_ALLOW || answer.verdict == SECCOMP_RET_LOG; }
  /// Whether `now` lets something of this call through that `own` refuses: where both look at the
  /// arguments, by trying some, each alone and all alike.
  static bool lets_more(std::span<const struct sock_filter> own, std::span<const struct sock_filter> now, uint32_t number) {
    if (!filter::may_allow(now, filter::native_arch, number)) return false;
    if (!filter::may_allow(own, filter::native_arch, number)) return true;
    const filter::Answer before = filter::answer(own, filter::native_arch, number);
    if (!before.by_arguments) return false;
    if (const filter::Answer always = filter::answer(now, filter::native_arch, number); passes(always) && !always.by_arguments) return true;
    for (unsigned i = 0; i < 64 + 48 + 1; i++) {
      const uint64_t value = i < 64 ? uint64_t{1} << i : i < 64 + 48 ? i - 64 : ~uint64_t{0};
      for (size_t which = 0; which < 7; which++) {
        std::array<uint64_t, 6> arguments{};
        if (which == 6) arguments.fill(value);
        else arguments[which] = value;
        if (passes(filter::answer(now, filter::native_arch, number, arguments)) && !passes(filter::answer(own, filter::native_arch, number, arguments))) return true;
      }
    }
    return false;
  }

  /// Calls that pass, and would not with nsbox's own filter for these rights.
  void calls(const SetFilter& step) {
    if (spec_.security.seccomp.kind == Seccomp::Kind::standard) return;
    bool third = false;
    for (uint32_t number = 0; filter::x32_bit && !third && number < filter::numbers_end; number++) third = filter::may_allow(step.program, filter::native_arch, filter::x32_bit | number);
    if (third || !spec_.security.seccomp.native_only()) add(Code::other_abi_passed, "/security/seccomp");
    const filter::BuiltIn own = filter::built_in({spec_.security.allow_nested_userns, spec_.security.capabilities.has("FSETID")});
    std::string names;
    unsigned count = 0;
    for (uint32_t number = 0; number < filter::numbers_end; number++) {
      if (!lets_more(own.program, step.program, number)) continue;
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
