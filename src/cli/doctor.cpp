// SPDX-License-Identifier: MIT
// What a specification needs of this host, tried: first the host's own answers, then a rehearsal of
// the whole plan in a throw-away child that stops before the command.
#include <fcntl.h>
#include <sched.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/load.hpp"
#include "cli/named.hpp"
#include "cli/output.hpp"
#include "plan/describe.hpp"
#include "spec/make_plan.hpp"

namespace nsbox {
namespace {

struct Finding {
  std::string what;
  bool ok;
  std::string detail, remedy;
};

/// The errno of making one namespace, beside a user namespace where the caller needs one; 0: works.
int try_namespace(uint64_t flag, bool with_user) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (with_user && flag != CLONE_NEWUSER && unshare(CLONE_NEWUSER) < 0) _exit(errno);
    _exit(unshare(static_cast<int>(flag)) == 0 ? 0 : errno);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return EAGAIN;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

void check_user_namespaces(const HostFacts& facts, std::vector<Finding>& out) {
  const UserNamespaceFacts& user = facts.user_namespaces();
  if (user.chrooted) out.push_back({"user namespaces", false, "nsbox runs in a chroot, where the kernel refuses them", "enter the tree by pivot_root instead of chroot"});
  else if (!user.refused_by.empty()) out.push_back({"user namespaces", false, user.refused_by, user.remedy});
  else out.push_back({"user namespaces", true, "", ""});
}

void check_proc(const HostFacts& facts, const Spec& spec, std::vector<Finding>& out) {
  struct statfs info;
  if (statfs("/proc", &info) != 0 || info.f_type != 0x9fa0) {
    out.push_back({"/proc", false, "it is not the kernel's proc file system", "mount -t proc proc /proc"});
    return;
  }
  bool wanted = false;
  for (const Mount& mount : spec.mounts) wanted |= mount.is("proc");
  std::string covered;
  for (const MountFact* mount : facts.mounts_over_proc()) covered += (covered.empty() ? "" : ", ") + mount->target;
  if (wanted && !covered.empty() && spec.namespaces.fresh(NsType::user))
    out.push_back({"/proc", true, "has mounts over it (" + covered + "); the rehearsal shows whether the kernel still gives a fresh one", ""});
  else out.push_back({"/proc", true, "", ""});
}

/// The plan with its end cut off: nothing is executed, no file of the caller is opened for writing.
void make_rehearsal(Plan& plan) {
  std::erase_if(plan.prepare, [](const auto& entry) { return std::holds_alternative<OpenStdio>(entry.step); });
  std::erase_if(plan.payload, [](const auto& entry) { return std::holds_alternative<FindCommand>(entry.step) || std::holds_alternative<Exec>(entry.step); });
  plan.payload.push_back({Leave{}, Stage::exec, 0});
  plan.supervision.timeout_ns = 10'000'000'000;
  plan.supervision.stop_timeout_ns = 0;
}

int print(const std::vector<Finding>& findings, const Arguments& arguments) {
  bool good = true;
  for (const Finding& each : findings) good &= each.ok;
  if (arguments.value("format") == "json") {
    Node document = Node::map(), list = Node::list();
    for (const Finding& each : findings) {
      Node node = Node::map();
      node.set("what", Node::scalar(each.what));
      node.set("ok", Node::boolean(each.ok));
      node.set("detail", Node::scalar(each.detail));
      node.set("remedy", each.remedy.empty() ? Node{} : Node::scalar(each.remedy));
      list.items.push_back(std::move(node));
    }
    document.set("format_version", Node::number(1));
    document.set("ok", Node::boolean(good));
    document.set("checks", std::move(list));
    printf("%s\n", to_json(document).c_str());
    return good ? 0 : 1;
  }
  for (const Finding& each : findings) {
    printf("%s  %s%s%s\n", each.ok ? paint(1, Paint::green, "ok  ").c_str() : paint(1, Paint::red, "FAIL").c_str(), escape(each.what).c_str(), each.detail.empty() ? "" : ": ", escape(each.detail).c_str());
    if (!each.remedy.empty()) printf("      %s %s\n", paint(1, Paint::green, "hint:").c_str(), escape(each.remedy).c_str());
  }
  return good ? 0 : 1;
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  const Command& command = *find_command("doctor");
  const bool has_file = !arguments.operands.empty() || access("nsbox.yaml", R_OK) == 0;
  Loaded loaded;
  if (has_file) {
    loaded = load(arguments, command);
    if (!loaded.spec) return loaded.status;
  } else {
    // Without a specification: what most need.
    Input input{"(a plain sandbox)", {}, ""};
    FileReader reader{[](const std::string& path, SourceFile& out) {
      out.name = path;
      out.text = "nsbox: 1\nname: doctor\nmounts: [\"/usr:optional\", {type: proc, target: /proc}, {type: dev, target: /dev}, {type: tmpfs, target: /tmp}]\n";
      out.folder = "/";
      return std::string();
    }};
    loaded = load_from(arguments, input, reader);
    if (!loaded.spec) return loaded.status;
  }
  const Spec& spec = *loaded.spec;
  std::vector<Finding> findings;
  check_proc(loaded.facts, spec, findings);
  if (spec.namespaces.fresh(NsType::user)) check_user_namespaces(loaded.facts, findings);
  const bool with_user = spec.namespaces.fresh(NsType::user);
  bool all = true;
  for (const NsInfo& each : ns_types) {
    if (!spec.namespaces.fresh(each.type) || each.type == NsType::user) continue;
    const int error = try_namespace(each.flag, with_user);
    if (error == 0) continue;
    all = false;
    std::string remedy;
    if (error == ENOSPC || error == EUSERS) remedy = "as root: raise /proc/sys/user/max_" + std::string(each.file) + "_namespaces";
    if (error == EPERM && !with_user) remedy = "run it as root, or make 'user: new' too";
    findings.push_back({"a new " + std::string(each.name) + " namespace", false, error_name(error), remedy});
  }
  if (all) findings.push_back({"namespaces: " + namespace_words(spec.namespaces.fresh_flags()), true, "", ""});

  Plan plan = make_plan(spec, loaded.facts, loaded.findings);
  drop_allowed(loaded.findings, spec);
  for (const Diagnostic& each : loaded.findings.diagnostics) {
    if (severity_of(each.code) == Severity::error) findings.push_back({pointer_words(each.pointer), false, message_of(each), hint_of(each)});
  }
  if (!loaded.findings.failed()) {
    make_rehearsal(plan);
    LaunchOptions options;
    options.rehearsal = true;
    options.open_shared = open_shared_of;
    const LaunchResult result = launch(plan, options);
    if (result.executed) {
      findings.push_back({"a rehearsal: every step but the search for the command and its exec", true, "", ""});
    } else {
      const LaunchSentence sentence = sentence_of(plan, result, loaded.facts);
      findings.push_back({"a rehearsal", false, sentence.place + (sentence.pointer.empty() ? "" : ": " + sentence.pointer) + ": " + sentence.what, sentence.hint});
    }
  }
  return print(findings, arguments);
}

}  // namespace nsbox
