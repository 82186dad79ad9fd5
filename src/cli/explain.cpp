// SPDX-License-Identifier: MIT
#include "cli/explain.hpp"

#include <sched.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "fields/scalars.hpp"
#include "plan/describe.hpp"

namespace nsbox {
namespace {

constexpr char words[] =
#define NSBOX_CODE(name, severity, message, hint) message "\0" hint "\0"
#include "fields/codes.def"
#undef NSBOX_CODE
    ;

const char* message_of(Code code) {
  const char* at = words;
  for (size_t parts = 2 * static_cast<size_t>(code); parts > 0; parts--) next_text(at);
  return at;
}
const char* hint_of(Code code) {
  const char* message = message_of(code);
  return message + strlen(message) + 1;
}

/// `{N}` is argument N, `{N:q}` the same in quotes if it is not empty; `{{` and `}}` are braces.
/// False when the template names an argument that is not there.
bool fill(std::string_view text, const std::vector<std::string>& args, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); i++) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      out += text[i++];
    } else if (rest[0] == '{' && rest.size() > 2 && rest[1] >= '0' && rest[1] <= '9') {
      const size_t index = static_cast<size_t>(rest[1] - '0');
      if (index >= args.size()) return false;
      const bool quoted = rest[2] == ':';
      if (!quoted) out += escape(args[index]);
      else if (!args[index].empty()) out += "'" + escape(args[index]) + "'";
      i += quoted ? 4 : 2;
    } else {
      out += text[i];
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return true;
}

std::string place_words(const Findings& findings, Mark mark) {
  if (findings.files.empty()) return "nsbox";
  std::string out = escape(findings.files[std::min<size_t>(mark.file, findings.files.size() - 1)].name);
  if (mark.line) out += ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
  return out;
}

std::string_view line_of(std::string_view text, uint32_t line) {
  for (uint32_t i = 1; i < line; i++) {
    const size_t end = text.find('\n');
    if (end == text.npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string_view out = text.substr(0, text.find('\n'));
  if (out.ends_with('\r')) out.remove_suffix(1);
  return out;
}

/// The line of the file and a caret below the place; long lines are cut around it.
std::string excerpt(const Findings& findings, Mark mark) {
  if (!mark.line || mark.file >= findings.files.size()) return "";
  std::string_view line = line_of(findings.files[mark.file].text, mark.line);
  if (mark.line == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  if (line.empty()) return "";
  size_t at = 0;
  for (uint32_t column = 1; column < mark.column && at < line.size(); column++) {
    at++;
    while (at < line.size() && (static_cast<uint8_t>(line[at]) & 0xc0) == 0x80) at++;
  }
  size_t from = at > 100 ? at - 60 : 0;
  while (from < line.size() && (static_cast<uint8_t>(line[from]) & 0xc0) == 0x80) from++;
  size_t length = std::min<size_t>(line.size() - from, 120);
  while (length > 0 && from + length < line.size() && (static_cast<uint8_t>(line[from + length]) & 0xc0) == 0x80) length--;
  const std::string before = (from ? "…" : "") + escape(line.substr(from, at - from));
  const std::string whole = (from ? "…" : "") + escape(line.substr(from, length)) + (from + length < line.size() ? "…" : "");
  size_t width = 0;
  for (const char c : before) width += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return "    " + whole + "\n    " + std::string(width, ' ') + "^\n";
}

std::vector<const Diagnostic*> in_order(const Findings& findings) {
  std::vector<const Diagnostic*> all;
  for (const Diagnostic& each : findings.diagnostics) all.push_back(&each);
  std::stable_sort(all.begin(), all.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tie(a->mark.file, a->mark.line, a->mark.column) < std::tie(b->mark.file, b->mark.line, b->mark.column);
  });
  return all;
}

}  // namespace

std::string message_of(const Diagnostic& diagnostic) {
  std::string out;
  fill(message_of(diagnostic.code), diagnostic.args, out);
  return out;
}

std::string hint_of(const Diagnostic& diagnostic) {
  std::string out;
  return fill(hint_of(diagnostic.code), diagnostic.args, out) ? out : "";
}

std::string template_of(Code code) { return message_of(code); }

std::string findings_text(const Findings& findings, int stream) {
  std::string out;
  for (const Diagnostic* each : in_order(findings)) {
    const bool error = severity_of(each->code) == Severity::error;
    out += paint(stream, Paint::bold, place_words(findings, each->mark) + ":") + " ";
    out += paint(stream, error ? Paint::red : Paint::yellow, error ? "error:" : "warning:") + " ";
    if (!each->pointer.empty()) out += escape(pointer_words(each->pointer)) + ": ";
    out += message_of(*each);
    if (!error) out += " [" + std::string(slug_of(each->code)) + "]";
    out += "\n" + excerpt(findings, each->mark);
    if (each->other.line) out += "    the first is at " + place_words(findings, each->other) + "\n";
    if (const std::string hint = hint_of(*each); !hint.empty()) out += "    " + paint(stream, Paint::green, "hint:") + " " + hint + "\n";
  }
  if (findings.more) out += "and " + std::to_string(findings.more) + " more errors\n";
  return out;
}

Node findings_json(const Findings& findings) {
  Node list = Node::list();
  for (const Diagnostic* each : in_order(findings)) {
    Node node = Node::map();
    node.set("severity", Node::scalar(severity_of(each->code) == Severity::error ? "error" : "warning"));
    node.set("code", Node::scalar(std::string(slug_of(each->code))));
    node.set("file", Node::scalar(findings.files.empty() ? "" : findings.files[each->mark.file].name));
    node.set("line", Node::number(each->mark.line));
    node.set("column", Node::number(each->mark.column));
    node.set("path", Node::scalar(pointer_words(each->pointer)));
    node.set("pointer", Node::scalar(each->pointer));
    node.set("message", Node::scalar(message_of(*each)));
    const std::string hint = hint_of(*each);
    node.set("hint", hint.empty() ? Node{} : Node::scalar(hint));
    list.items.push_back(std::move(node));
  }
  return list;
}

// --- launches ------------------------------------------------------------------------------------
namespace {

/// The interpreter that the beginning of a file asks for: a script's first line, or an ELF's loader.
std::string interpreter_of(const std::string& head) {
  if (head.starts_with("#!")) {
    const std::string line = head.substr(2, head.find('\n') - 2);
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) return "";
    return line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
  }
  if (!head.starts_with("\x7f" "ELF")) return "";
  const size_t at = head.find("/ld");  // PT_INTERP is near the beginning: /lib64/ld-linux-x86-64.so.2
  if (at == std::string::npos) return "";
  size_t begin = at;
  while (begin > 0 && head[begin - 1] > ' ' && head[begin - 1] < 0x7f) begin--;
  return std::string(head.c_str() + begin);
}

bool elf_of_other_machine(const std::string& head) {
  if (!head.starts_with("\x7f" "ELF") || head.size() < 20) return false;
  const unsigned machine = static_cast<uint8_t>(head[18]) | static_cast<unsigned>(static_cast<uint8_t>(head[19])) << 8;
#if defined(__x86_64__)
  return machine != 62 && machine != 3;
#else
  return machine != 183;
#endif
}

/// Hints, each proved by what is known of the host when it is given.
std::string hint_for(const Plan& plan, const LaunchResult& result, const StepText& step, const HostFacts& facts) {
  const int error = result.error;
  if (result.why == Why::unknown_user && (error == 0 || error == ENOENT)) return "write a number, or mount an /etc/passwd and /etc/group that have it";
  if (step.name == "clone") {
    const UserNamespaceFacts& user = facts.user_namespaces();
    const bool wants_user = plan.clone.step.flags & CLONE_NEWUSER;
    if (user.chrooted && wants_user) return "nsbox runs in a chroot, where the kernel refuses user namespaces: enter the tree by pivot_root";
    if (wants_user && !user.refused_by.empty()) return user.refused_by + (user.remedy.empty() ? "" : ": " + user.remedy);
    if (!wants_user && !facts.caller.privileged) return "without CAP_SYS_ADMIN new namespaces need a new user namespace with them";
    if (error == ENOSPC) return "a limit below /proc/sys/user/max_*_namespaces is reached";
    if (error == EAGAIN) return "a limit on processes is reached (ulimit -u, or pids.max of the cgroup)";
  }
  const bool fresh_proc = step.name == "new_fs" && step.object == "proc" && error == EPERM;
  const bool into_proc = result.call == "openat2" && error == EXDEV && (step.name.starts_with("write_") || step.name == "take_signals" || step.name == "set_exec_label" || step.name == "set_oom_score_adj");
  if (fresh_proc || into_proc) {
    const std::vector<const MountFact*> over = facts.mounts_over_proc();
    std::string covered;
    for (size_t i = 0; i < over.size() && i < 5; i++) covered += i == 4 ? ", …" : (i ? ", " : "") + over[i]->target;
    if (!over.empty())
      return "this /proc has mounts over it (" + covered + "), and " + (fresh_proc ? "the kernel gives no fresh one to a new user namespace below it" : "nsbox writes only what is the kernel's own") +
             ": a container needs an unmasked /proc (docker: --security-opt systempaths=unconfined), a sandbox of nsbox '{type: proc, target: /proc, masked: false}'";
  }
  if (step.name == "new_fs" && error == ENODEV) return "the kernel does not know the file system '" + step.object + "'";
  if (step.name == "new_fs" && error == EPERM && !facts.filtered()) return "the kernel gives this file system only to the host's root";
  if (step.name == "setns" && error == EPERM) return "only who has CAP_SYS_ADMIN in the namespace's owning user namespace may enter it";
  if (step.name == "open_namespace" && error == EACCES) return "the process belongs to another user, or can't be traced";
  if (step.name.starts_with("write_") && step.name.ends_with("id_map") && error == EPERM && facts.caller.root && !facts.caller.privileged)
    return "uid 0 can map no ids without CAP_SETFCAP, CAP_SETUID and CAP_SETGID: let another user start nsbox (in a sandbox of nsbox: 'process: {user: 1000}')";
  if (step.name.starts_with("write_") && step.name.ends_with("id_map") && error == EPERM) return "these ids are not all mapped in the namespace that nsbox runs in";
  if (step.name == "prlimit" && error == EPERM) return "only root can raise a hard limit";
  if (step.name == "raise_files" && error == EPERM) return "so many mounts need a higher hard limit on open files (ulimit -Hn)";
  if (step.name == "set_exec_label" && error == ENOENT) return "no profile of that name is loaded (aa-status lists them)";
  if (step.name == "set_ids" && error == EINVAL) return "the sandbox's id map has no such id ('nsbox plan' prints the map)";
  if (step.name == "set_oom_score_adj" && error == EACCES) return "only root can lower it";
  if (step.name == "setpriority" && error == EACCES) return "only root can go below the caller's own";
  if (step.name == "sched_setaffinity" && error == EINVAL) return "none of these CPUs is there for nsbox ('nproc', 'taskset -p $$')";
  if (step.name == "chdir" && error == ENOENT) return "mount it, or make it: {type: dir, target: " + escape(step.object) + "}";
  if (step.name == "allow_path" && error == ENOENT) return "a path in the sandbox; 'nsbox plan' shows what it is made of";
  if (step.name == "remount" && error == EINVAL) return "nothing is mounted just there";
  if (step.name == "write_sysctl" && error == ENOENT) return "this kernel has no such setting";
  if (step.name == "pin_namespace" && error == ENOENT) return "its folder is not there";
  if (step.name == "refuse_terminal_input" && error == EACCES) return "without no_new_privs a filter needs CAP_SYS_ADMIN";
  if (step.name == "set_capabilities" && error == EPERM) return "the caller does not have all of these capabilities itself";
  if (error == ELOOP && result.call == "openat2" && (step.name.starts_with("open_") || step.name.starts_with("make_")))
    return "a link below a folder that the sandbox can write is not followed";
  if (step.name == "pin_namespace" && error == ELOOP) return "the kernel binds a mount namespace only in one that is older, by the numbers that it gives them; each CPU gives its own, so below a mount namespace that is not the host's first it may happen that a new one has a lower number: try again";
  if (step.name == "pin_namespace" && error == EINVAL) return "a mount namespace can't be bound where the mount below it is shared: bind that folder on itself and make it private";
  if (step.name == "move_mount" && error == ENOTDIR) return "one is a folder, the other is not";
  if (step.name == "move_mount" && error == EINVAL) return "it may be that one is a folder and the other is not";
  if (step.name == "mkdir" && error == EROFS) return "the tree is read-only";
  if ((error == EPERM || error == ENOSYS) && facts.filtered())
    return std::string("nsbox runs below a filter of system calls, ") + (error == ENOSYS ? "which answers so" : "which may be what refuses") + ": a container needs one that lets these calls pass (docker: --security-opt seccomp=unconfined), a sandbox of nsbox 'security: {allow_nested_userns: true}'";
  return "";
}

std::string because(const LaunchResult& result, const StepText& step) {
  switch (result.why) {
    case Why::source_changed: return "is no longer what the plan was made for";
    case Why::not_a_device: return "is not that device";
    case Why::not_procfs: return "/proc is not the kernel's proc file system here; mount it: mount -t proc proc /proc";
    case Why::not_a_namespace: return "is not a namespace of that type";
    case Why::helper_failed: return "failed" + (result.detail.empty() ? std::string() : ": " + escape(result.detail.substr(0, result.detail.find('\n'))));
    case Why::map_not_taken: return "reads back empty";
    case Why::readback: return result.call + " reads back something else";
    case Why::unknown_user: return "'" + escape(result.detail) + "' is not in the sandbox's own /etc/passwd or /etc/group" + (result.error ? ": " + error_words(result.error) : "");
    case Why::outside_root: return "is not below the root";
    case Why::already_pinned: return "holds a namespace already; 'nsbox unpin' takes it away";
    case Why::no_sandbox: return escape(result.detail);
    case Why::too_long: return "is longer than fits";
    case Why::launcher_gone: return "the process that started it is gone";
    default: break;
  }
  std::string out = result.call + ": " + error_words(result.error);
  if (!result.detail.empty() && result.call == "fsconfig") out += ": " + escape(result.detail.substr(0, result.detail.find('\n')));
  if (result.call == "fcntl" && result.error == EBADF && step.name == "check_passed") out = "descriptor " + escape(result.detail) + " is not open";
  return out;
}

}  // namespace

LaunchSentence sentence_of(const Plan& plan, const LaunchResult& result, const HostFacts& facts) {
  LaunchSentence out;
  const uint32_t number = result.step;
  out.place = plan.files.empty() ? "nsbox" : escape(plan.files[0]);
  if (!result.lost.empty()) {
    out.what = "supervision of '" + result.lost + "': " + result.call + ": " + error_words(result.error);
    out.hint = "a command that can't be watched is ended with all that it has started";
    return out;
  }
  if (number == 0 || number > plan.steps()) {
    out.what = "the sandbox ended before its first step";
    return out;
  }
  const StepText step = describe_step(plan, number);
  const Origin& origin = origin_of(plan, number);
  if (origin.mark.line) {
    out.place = escape(plan.files[origin.mark.file]) + ":" + std::to_string(origin.mark.line) + ":" + std::to_string(origin.mark.column);
    out.pointer = escape(pointer_words(origin.pointer));
  }
  const std::string name = escape(result.command);
  const auto sentence = [&](std::string what) { out.what = std::move(what); };
  switch (result.why) {
    case Why::command_missing:
      if (step.object.find('/') == std::string::npos) sentence("command '" + escape(step.object) + "' is not in the sandbox's PATH (" + escape(result.detail) + ")");
      else sentence("command '" + escape(step.object) + "' is not in the sandbox");
      out.hint = "'nsbox plan' shows what the sandbox is made of; mount the folder that holds it";
      return out;
    case Why::interpreter_missing: {
      const std::string interpreter = interpreter_of(result.head);
      const bool script = result.head.starts_with("#!");
      if (interpreter.empty()) sentence("'" + name + "' is there, but what it needs to start is not");
      else sentence("'" + name + "' is there, but its " + (script ? "interpreter" : "loader") + " '" + escape(interpreter) + "' is not");
      out.hint = "mount the folder that holds it" + std::string(script ? "" : " (often /lib64, or a symlink /lib64 → usr/lib64)");
      return out;
    }
    case Why::other_abi:
      sentence("'" + escape(step.object) + "' is a 32-bit program, which nsbox's system call filter refuses");
      out.hint = "run its 64-bit build, or say 'security: {seccomp: off}'";
      return out;
    case Why::command_refused:
      sentence("'" + escape(result.detail.empty() ? step.object : result.detail) + "' is there, but can't be executed: " + error_words(result.error));
      if (result.error == ENOEXEC) out.hint = elf_of_other_machine(result.head) ? "it is a program for another machine" : "it is no program, and has no '#!' line";
      if (result.error == EACCES) {
        const bool landlock = plan.payload_has<RestrictSelf>();
        out.hint = landlock ? "'security.landlock.execute' must have it, and its interpreter or loader" : "its mode lacks x for this user, or its mount is noexec";
      }
      return out;
    default: break;
  }
  std::string object = step.object.empty() ? "" : " '" + escape(step.object) + "'";
  for (const auto& [key, value] : step.details)
    if (step.name == "open_stdio" && key == "path") object = " '" + escape(value) + "'";
  std::string head = "step " + std::to_string(number) + " of " + std::to_string(plan.steps()) + ", " + step.name + object;
  if (result.died_of) {
    sentence(head + ": the sandbox's process was ended by SIG" + signal_name(result.died_of));
    if (result.died_of == SIGKILL) out.hint = "out of memory, or somebody's kill";
    return out;
  }
  if (result.call.empty()) {
    sentence(head + ": the sandbox's process ended without a word");
    return out;
  }
  sentence(head + ": " + because(result, step));
  try {
    out.hint = hint_for(plan, result, step, facts);
  } catch (const Failure&) {  // no hint then
  }
  return out;
}

LaunchSentence sentence_of(const Plan& plan, const LaunchResult& result, const std::function<HostFacts()>& facts) {
  HostFacts known;
  try {
    known = facts();
  } catch (const Failure&) {
  }
  return sentence_of(plan, result, known);
}

}  // namespace nsbox
