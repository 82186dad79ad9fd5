// SPDX-License-Identifier: MIT
// process: what is run, as whom, with which environment, terminal, files and limits.
#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "fields/scalars.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;

struct ProcessCommand {
  std::vector<std::string> words;
  bool shell = false;  // written as one string: words is {"/bin/sh", "-c", it}
};

struct EnvInherit {
  bool all = false;
  std::vector<std::string> patterns;
};

/// A variable's value; null (written as such) unsets it.
struct EnvValue {
  std::optional<std::string> text;
};

struct UserRef {
  std::string name;  // "": a number
  uint32_t id = 0;
};

struct Stdio {
  enum class Kind : uint8_t { inherit, path, append, stdout_file };
  Kind kind = Kind::inherit;
  HostPath path;
};

struct Limit {
  std::string text;  // as written: the unit hangs on the resource
  Mark mark;
  bool plain = true;
};
struct LimitPair {
  Limit soft, hard;
};

struct CpuRange {
  uint32_t first = 0, last = 0;
};

enum class Terminal : uint8_t { fresh, inherit, none };
template <>
struct EnumNames<Terminal> {
  static constexpr std::pair<std::string_view, Terminal> names[] = {
      {"new", Terminal::fresh}, {"inherit", Terminal::inherit}, {"none", Terminal::none}};
};

struct LimitInfo {
  std::string_view name;
  int resource;
  enum class Unit : uint8_t { count, bytes, seconds, microseconds } unit;
};
const LimitInfo* find_limit(std::string_view name);
/// The value of `limit` in the resource's unit; UINT64_MAX for `unlimited`.
bool parse_limit(const LimitInfo& info, const Limit& limit, uint64_t& out);

#define NSBOX_CODEC(T, words)                          \
  template <>                                          \
  struct Codec<T> {                                    \
    static bool decode(Decoder&, const Node&, T& out); \
    static Node encode(const T& value);                \
    static Node schema();                              \
    static std::string type() { return words; }        \
  }
NSBOX_CODEC(ProcessCommand, "list of words, or text for `/bin/sh -c`");
NSBOX_CODEC(EnvInherit, "boolean, or list of names and globs");
NSBOX_CODEC(EnvValue, "text or null");
NSBOX_CODEC(UserRef, "number or name");
NSBOX_CODEC(Stdio, "`inherit`, host path, or `append:PATH`");
NSBOX_CODEC(LimitPair, "number, size, duration or `unlimited`, or {soft, hard}");
NSBOX_CODEC(CpuRange, "number or range");

/// Where the socket of `notify` is, in the sandbox.
inline constexpr std::string_view notify_folder = "/run/nsbox";

struct Process {
  std::optional<ProcessCommand> command;
  std::optional<std::string> argv0;
  std::optional<BoxPath> cwd;
  Mode umask{022};
  Dict<EnvValue> env;
  EnvInherit env_inherit{false, {"TERM", "LANG", "LC_*", "TZ", "COLORTERM", "NO_COLOR"}};
  std::optional<UserRef> user, group;
  std::vector<UserRef> groups;
  std::optional<bool> init;
  std::optional<Terminal> terminal;
  Stdio stdin_, stdout_, stderr_;
  std::vector<Int<3, 1048575>> pass_fds;
  bool die_with_parent = false;
  std::optional<Duration> timeout;
  Signal stop_signal{15};
  Duration stop_timeout{10'000'000'000};
  Dict<LimitPair> rlimits;
  std::optional<Int<-20, 19>> nice;
  std::optional<Int<-1000, 1000>> oom_score_adj;
  std::vector<CpuRange> cpu_affinity;
  bool notify = false;

  static constexpr auto fields() {
    return std::tuple{
        field("command", &Process::command, "What to run; replaced by the arguments after `--`. Found by the sandbox's PATH."),
        field("argv0", &Process::argv0, "The first argument that the command sees, instead of its name."),
        field("cwd", &Process::cwd, "Working directory in the sandbox; `/` when absent."),
        field("umask", &Process::umask, "File mode creation mask."),
        field("env", &Process::env, "Variables; null unsets one.").merged(Merge::by_key),
        field("env_inherit", &Process::env_inherit, "Variables taken from the caller at the launch: true, false, or names and globs. Loader variables (LD_*, …) only by their exact name."),
        field("user", &Process::user, "Number, or a name of the sandbox's own /etc/passwd. Default: what the caller is inside, else 0."),
        field("group", &Process::group, "Number, or a name of the sandbox's own /etc/group. Default: what the caller's group is inside, else 0."),
        field("groups", &Process::groups, "Supplementary groups, at most 64; none by default."),
        field("init", &Process::init, "nsbox is pid 1: it reaps, forwards signals and ends with the command's status. Default: true with a new pid namespace."),
        field("terminal", &Process::terminal, "`new`: a fresh pty; `inherit`: the caller's terminal; `none`: no controlling terminal. Default: `new` where stdin and stdout are both a terminal, else `none`."),
        field("stdin", &Process::stdin_, "`inherit` or a host path."),
        field("stdout", &Process::stdout_, "`inherit`, a host path (created, truncated) or `append:PATH`."),
        field("stderr", &Process::stderr_, "The same, or `stdout`: the same open file."),
        field("pass_fds", &Process::pass_fds, "Descriptors of the caller that the command keeps, besides 0, 1 and 2."),
        field("die_with_parent", &Process::die_with_parent, "nsbox ends with the process that started it."),
        field("timeout", &Process::timeout, "From exec on; then `stop_signal`, and after `stop_timeout` SIGKILL. Exit status 124."),
        field("stop_signal", &Process::stop_signal, "The signal that asks the command to end."),
        field("stop_timeout", &Process::stop_timeout, "How long it has; 0 is SIGKILL at once."),
        field("rlimits", &Process::rlimits, "Limits by the names of setrlimit(2) in lower case; those not named are the caller's, but core is 0.").merged(Merge::by_key),
        field("nice", &Process::nice, "Nice value; the caller's when absent."),
        field("oom_score_adj", &Process::oom_score_adj, "OOM score adjustment; the caller's when absent."),
        field("cpu_affinity", &Process::cpu_affinity, "CPUs by number or range; the caller's when absent."),
        field("notify", &Process::notify, "Offer the command a NOTIFY_SOCKET (sd_notify(3)), /run/nsbox/notify: `up --detach` returns when it says READY=1 there."),
    };
  }
};

void check_process(const Check& check);
void plan_supervision(PlanBuilder& builder);  // what the launcher does while it runs: known before the steps
void plan_process(PlanBuilder& builder);

}  // namespace nsbox
