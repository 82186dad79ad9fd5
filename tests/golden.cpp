// SPDX-License-Identifier: MIT
// Golden tests of everything that is pure, printed as TAP.
//
//   golden/bad/NAME.yaml   a wrong specification; NAME.err is every diagnostic, word by word
//   golden/plan/NAME.yaml  a right one on an invented host; NAME.plan is its plan, or, when the
//                          host refuses it, NAME.err its diagnostics
//   golden/audit/NAME.yaml the same, and NAME.audit is what `audit` says of it
//
// Comment lines at the top of a file invent the machine (`#: …`); the default is an ordinary user
// `alice` (1000) on a plain host:
//   #: root                      the caller is root
//   #: set NAME=VALUE            --set
//   #: env NAME=VALUE            a variable of the caller's environment
//   #: folder PATH [owner UID GID MODE] | file PATH | socket PATH | block PATH | char PATH MAJOR MINOR | link PATH TARGET | missing PATH
//   #: mount PATH TYPE [ro,nosuid,nodev,noexec,shared]
//   #: subuid FIRST COUNT | subgid FIRST COUNT
//   #: kernel MAJOR.MINOR        #: tty        #: process PID
//   #: module NAME               that security module is active
//   #: refused WORDS             user namespaces are switched off by WORDS
//
// With NSBOX_ACCEPT set the present output becomes the expected one.
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "cli/audit_text.hpp"
#include "cli/explain.hpp"
#include "cli/output.hpp"
#include "cli/plan_text.hpp"
#include "plan/saved.hpp"
#include "spec/compose.hpp"
#include "spec/make_plan.hpp"

using namespace nsbox;
namespace fs = std::filesystem;

namespace {

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Machine {
  HostFacts facts;
  Input input;
  std::map<std::string, std::string> environment;
  std::map<std::string, PathFact> paths;
  std::vector<MountFact> mounts;
  std::vector<SubidRange> uids, gids;
  UserNamespaceFacts user;
  std::vector<int> processes;
  std::vector<std::string> modules;
};

void add_path(Machine& machine, const std::string& path, PathFact fact) {
  for (std::string parent(parent_path(path)); parent != "/"; parent = parent_path(parent)) {
    if (machine.paths.contains(parent)) break;
    PathFact folder;
    folder.kind = FileKind::folder;
    folder.inode = machine.paths.size() + 100;
    folder.device = 1;
    machine.paths[parent] = folder;
  }
  if (!fact.inode) fact.inode = machine.paths.size() + 100;
  fact.device = 1;
  machine.paths[path] = fact;
}

void plain_host(Machine& machine) {
  Caller& caller = machine.facts.caller;
  caller.uid = caller.gid = 1000;
  caller.name = "alice";
  caller.home = "/home/alice";
  caller.cwd = [] { return std::string("/work"); };
  PathFact folder, file;
  folder.kind = FileKind::folder;
  file.kind = FileKind::file;
  for (const char* path : {"/usr", "/usr/bin", "/usr/lib", "/usr/share", "/etc", "/home/alice", "/tmp", "/var", "/proc", "/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/acpi", "/sys", "/sys/firmware", "/dev", "/work", "/work/src", "/work/out"})
    add_path(machine, path, folder);
  for (const char* path : {"/etc/passwd", "/proc/keys", "/proc/timer_list", "/usr/bin/newuidmap", "/usr/bin/newgidmap", "/proc/sysrq-trigger"}) add_path(machine, path, file);
  machine.paths["/"] = folder;
  machine.paths["/"].inode = 2;
  machine.mounts = {{"/", "ext4", false, false, false, false, true}, {"/proc", "proc", false, true, true, true, false}, {"/sys", "sysfs", false, true, true, true, false}, {"/dev", "devtmpfs", false, true, false, false, false}};
}

void invent(Machine& machine, const std::string& text) {
  plain_host(machine);
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("#:")) continue;
    std::istringstream words(line.substr(2));
    std::string verb, a, b, c;
    words >> verb >> a;
    std::getline(words, b);
    if (b.starts_with(' ')) b.erase(0, 1);
    PathFact fact;
    if (verb == "root") {
      machine.facts.caller.uid = machine.facts.caller.gid = 0;
      machine.facts.caller.name = "root";
      machine.facts.caller.home = "/root";
      machine.facts.caller.root = machine.facts.caller.privileged = true;
    } else if (verb == "tty") machine.facts.caller.on_terminal = [] { return true; };
    else if (verb == "set") machine.input.set[a.substr(0, a.find('='))] = a.substr(a.find('=') + 1) + (b.empty() ? "" : " " + b);
    else if (verb == "env") machine.environment[a.substr(0, a.find('='))] = a.substr(a.find('=') + 1) + (b.empty() ? "" : " " + b);
    else if (verb == "folder") {
      fact.kind = FileKind::folder;
      if (sscanf(b.c_str(), "owner %u %u %o", &fact.uid, &fact.gid, &fact.mode) == 0) fact.mode = 0;
      add_path(machine, a, fact);
    }
    else if (verb == "socket") fact.kind = FileKind::socket, add_path(machine, a, fact);
    else if (verb == "block") fact.kind = FileKind::block, add_path(machine, a, fact);
    else if (verb == "file") fact.kind = FileKind::file, add_path(machine, a, fact);
    else if (verb == "link") fact.kind = FileKind::link, fact.link = b, add_path(machine, a, fact);
    else if (verb == "char") fact.kind = FileKind::character, fact.rdev = makedev(static_cast<unsigned>(atoi(b.c_str())), static_cast<unsigned>(atoi(b.substr(b.find(' ') + 1).c_str()))), add_path(machine, a, fact);
    else if (verb == "missing") machine.paths.erase(a);
    else if (verb == "mount") {
      MountFact mount;
      std::istringstream rest(b);
      rest >> mount.type >> c;
      mount.target = a;
      mount.readonly = c.find("ro") != c.npos, mount.nosuid = c.find("nosuid") != c.npos, mount.nodev = c.find("nodev") != c.npos, mount.noexec = c.find("noexec") != c.npos, mount.shared = c.find("shared") != c.npos;
      machine.mounts.push_back(mount);
    } else if (verb == "subuid") machine.uids.push_back({static_cast<uint32_t>(atol(a.c_str())), static_cast<uint32_t>(atol(b.c_str()))});
    else if (verb == "subgid") machine.gids.push_back({static_cast<uint32_t>(atol(a.c_str())), static_cast<uint32_t>(atol(b.c_str()))});
    else if (verb == "kernel") machine.facts.kernel = [a] { return KernelVersion{atoi(a.c_str()), atoi(a.substr(a.find('.') + 1).c_str())}; };
    else if (verb == "module") machine.modules.push_back(a);
    else if (verb == "process") machine.processes.push_back(atoi(a.c_str()));
    else if (verb == "refused") machine.user.refused_by = a + " " + b;
  }
  machine.facts.caller.variable = [&](const std::string& name) -> const char* {
    const auto found = machine.environment.find(name);
    return found == machine.environment.end() ? nullptr : found->second.c_str();
  };
  machine.facts.probe_path = [&](const std::string& path) {
    const auto found = machine.paths.find(path);
    return found == machine.paths.end() ? PathFact{} : found->second;
  };
  machine.facts.probe_mounts = [&] { return machine.mounts; };
  machine.facts.probe_subids = [&](bool group, std::string_view owner) { return owner == machine.facts.caller.name ? (group ? machine.gids : machine.uids) : std::vector<SubidRange>{}; };
  machine.facts.probe_user_namespaces = [&] { return machine.user; };
  machine.facts.probe_entries = [&](const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& [path, fact] : machine.paths)
      if (parent_path(path) == folder && path != "/") names.push_back(path.substr(path.rfind('/') + 1));
    return names;
  };
  machine.facts.has_module = [&](std::string_view module) { return std::find(machine.modules.begin(), machine.modules.end(), module) != machine.modules.end(); };
  machine.facts.probe_process = [&](int pid, uint64_t& start) {
    start = 4711;
    return std::find(machine.processes.begin(), machine.processes.end(), pid) != machine.processes.end();
  };
}

/// Files are read from the tree; their names and folders are those of an invented /work.
FileReader reader(const fs::path& folder) {
  return {[folder](const std::string& path, SourceFile& out) -> std::string {
    std::string name = path;
    if (name.starts_with("/work/")) name = name.substr(6);
    out.name = name;
    out.folder = "/work";
    if (const size_t slash = name.rfind('/'); slash != name.npos) out.folder += "/" + name.substr(0, slash);
    if (!fs::is_regular_file(folder / name)) return "No such file or directory";
    out.text = read_all(folder / name);
    out.device = 1;
    out.inode = std::hash<std::string>()(fs::weakly_canonical(folder / name)) | 1;
    return "";
  }};
}

struct Expected {
  fs::path file;
  std::string text;
};

bool check(const fs::path& expected, const std::string& actual, std::string& problem) {
  if (getenv("NSBOX_ACCEPT")) {
    std::ofstream(expected, std::ios::binary) << actual;
    return true;
  }
  const std::string wanted = read_all(expected);
  if (fs::exists(expected) && wanted == actual) return true;
  const std::vector<std::string> a = split(wanted, '\n'), b = split(actual, '\n');
  size_t line = 0;
  while (line < a.size() && line < b.size() && a[line] == b[line]) line++;
  problem = expected.filename().string() + " line " + std::to_string(line + 1) + "\n#   expected: " + (line < a.size() ? a[line] : "(end)") + "\n#   got:      " + (line < b.size() ? b[line] : "(end)");
  return false;
}

bool run_one(const fs::path& file, std::string_view kind, std::string& problem) {
  const bool plans = kind != "bad";
  Machine machine;
  invent(machine, read_all(file));
  machine.input.path = file.filename().string();
  Findings findings;
  bool unreadable = false;
  std::unique_ptr<Spec> spec = load_spec(findings, machine.input, machine.facts.caller, reader(file.parent_path()), &unreadable);
  fs::path expected = file;
  if (spec && plans) {
    const bool audits = kind == "audit";
    const Plan plan = make_plan(*spec, machine.facts, findings, audits);
    if (!audits) drop_allowed(findings, *spec);
    if (audits && !findings.failed()) {
      expected.replace_extension(".audit");
      return check(expected, audit_text(findings, *spec), problem);
    }
    if (!findings.failed()) {
      // Saved and read back it is the same plan.
      SavedFor made_for{"build", "host", 1, 2, true, {}};
      for (const std::string& name : plan.files) made_for.sources.push_back({name, "/work/" + name});
      const std::string saved = save_plan(plan, made_for);
      SavedFor back;
      const std::optional<Plan> again = read_plan(saved, "build", back);
      if (!again || plan_text(*again, true) != plan_text(plan, true) || save_plan(*again, back) != saved) {
        problem = "it is another plan when it is saved and read back";
        return false;
      }
      expected.replace_extension(".plan");
      return check(expected, findings_text(findings, 1) + plan_text(plan, false), problem);
    }
  }
  expected.replace_extension(".err");
  if (!plans && spec) {
    problem = "it is valid";
    return false;
  }
  return check(expected, findings_text(findings, 1), problem);
}

}  // namespace

int main() {
  set_color("never");
  const char* root = getenv("NSBOX_GOLDEN");
  const fs::path golden = root ? root : "tests/golden";
  std::vector<std::pair<fs::path, const char*>> files;
  for (const char* kind : {"audit", "bad", "plan"})
    for (const auto& entry : fs::directory_iterator(golden / kind))
      if (entry.path().extension() == ".yaml") files.emplace_back(entry.path(), kind);
  std::sort(files.begin(), files.end());
  printf("1..%zu\n", files.size());
  int number = 0, failed = 0;
  for (const auto& [file, kind] : files) {
    std::string problem;
    const bool ok = run_one(file, kind, problem);
    failed += !ok;
    printf("%s %d %s/%s\n", ok ? "ok" : "not ok", ++number, kind, file.stem().c_str());
    if (!ok) printf("# %s\n", problem.c_str());
  }
  return failed ? 1 : 0;
}
