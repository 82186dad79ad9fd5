// SPDX-License-Identifier: MIT
// What the targets share: an invented host, files in memory, and how a property fails.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include "base/text.hpp"
#include "cli/output.hpp"
#include "spec/compose.hpp"
#include "spec/make_plan.hpp"

namespace nsbox::fuzz {

inline void require(bool holds, const char* what, const std::string& seen = "") {
  if (holds) return;
  fprintf(stderr, "fuzz: %s\n%s\n", what, seen.c_str());
  abort();
}

/// 100 ms of CPU time, whatever else the machine is doing; ten times as much under the sanitizers.
class Clock {
 public:
  ~Clock() { require(std::clock() - begun_ < CLOCKS_PER_SEC, "the answer took too long"); }

 private:
  std::clock_t begun_ = std::clock();
};

using Files = std::map<std::string, std::string>;

/// All in /work; device and inode tell them apart.
inline FileReader reader(const Files& files) {
  return {[&files](const std::string& path, SourceFile& out) -> std::string {
    out.name = path;
    const auto found = files.find(path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1));
    if (found == files.end()) return "No such file or directory";
    out.folder = "/work";
    out.text = found->second;
    out.device = 1;
    out.inode = static_cast<uint64_t>(std::distance(files.begin(), found)) + 1;
    return "";
  }};
}

/// Folders wherever a name has no dot, files elsewhere; nothing below /nowhere, a link at /link.
inline PathFact fact_of(const std::string& path) {
  PathFact fact;
  if (path.find("/nowhere") != std::string::npos || path.size() > 4000) return fact;
  fact.kind = path.find('.') == std::string::npos ? FileKind::folder : FileKind::file;
  if (path.ends_with("/link")) fact.kind = FileKind::link, fact.link = "/usr";
  if (path.starts_with("/dev/")) fact.kind = FileKind::character, fact.rdev = 259;
  fact.device = 1;
  fact.inode = std::hash<std::string>()(path) | 1;
  fact.mode = 0755;
  return fact;
}

inline HostFacts host(bool root) {
  HostFacts facts;
  Caller& caller = facts.caller;
  caller.uid = caller.gid = root ? 0 : 1000;
  caller.root = caller.privileged = root;
  caller.name = root ? "root" : "alice";
  caller.home = "/home/alice";
  caller.cwd = [] { return std::string("/work"); };
  caller.variable = [](const std::string& name) -> const char* { return name == "HOME" ? "/home/alice" : nullptr; };
  facts.probe_path = fact_of;
  facts.probe_mounts = [] { return std::vector<MountFact>{{"/", "ext4", false, false, false, false, true}, {"/proc", "proc", false, true, true, true, false}}; };
  facts.probe_subids = [](bool, std::string_view) { return std::vector<SubidRange>{{100000, 65536}}; };
  facts.probe_user_namespaces = [] { return UserNamespaceFacts{}; };
  facts.probe_entries = [](const std::string&) { return std::vector<std::string>{"a", "b.c"}; };
  facts.probe_process = [](int pid, uint64_t& start) { return start = 1, pid == 1; };
  return facts;
}

}  // namespace nsbox::fuzz
