// SPDX-License-Identifier: MIT
// ns and unpin: namespaces as things of their own.
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/named.hpp"
#include "cli/output.hpp"
#include "fields/scalars.hpp"
#include "host/namespaces.hpp"
#include "sys/namespace.hpp"

namespace nsbox {
namespace {

/// What two processes share or do not share, for --explain.
struct Meaning {
  const char *different, *same;
};
constexpr Meaning meanings[ns_count] = {
    {"a user or group number of one means another user in the other, and capabilities of one count for nothing in the other", "a user number means the same user in both, and so do capabilities"},
    {"each has its own tree: what one mounts the other does not see, unless the mounts' propagation carries it over", "both see the same mounts, and what one mounts or unmounts changes for the other"},
    {"each counts its own processes: both may have a process 1; only a namespace above another one sees and signals what is in it", "they have the same process numbers, and may see and signal each other"},
    {"System V shared memory, semaphores and queues and POSIX message queues of one are not there for the other", "a message queue or shared memory that one makes can be opened by the other"},
    {"each has its own hostname and NIS domain name", "when one changes the hostname, it changes for the other"},
    {"each has its own devices, addresses, ports and routes: both can listen at the same port, and neither reaches the other's loopback", "they share addresses and ports, and reach each other by the loopback and by abstract sockets"},
    {"each sees the tree of cgroups from another root", "both see the tree of cgroups from the same root"},
    {"their monotonic and boot-time clocks may be shifted against each other; the time of day is the same", "all clocks agree"},
};

struct Column {
  std::string title;
  Inodes inodes = {};
};

std::string list_of(const std::vector<int>& pids) {
  constexpr size_t most = 4;
  std::string out;
  for (size_t i = 0; i < std::min(most, pids.size()); i++) out += (i ? "," : "") + std::to_string(pids[i]);
  return pids.size() > most ? out + ",…" : out;
}

std::string joined_paths(const std::vector<std::string>& paths) {
  std::string out;
  for (const std::string& each : paths) out += (out.empty() ? "" : " ") + escape(each);
  return out;
}

std::string owner_words(const NamespaceInfo& info) { return info.owner_uid < 0 ? "?" : std::to_string(info.owner_uid); }
std::string number_or(uint64_t number, const char* otherwise) { return number ? std::to_string(number) : otherwise; }

Node inodes_node(const Inodes& inodes) {
  Node node = Node::map();
  for (size_t i = 0; i < ns_count; i++) node.set(std::string(ns_types[i].name), inodes[i] ? Node::number(static_cast<int64_t>(inodes[i])) : Node{});
  return node;
}

Node info_node(const NamespaceInfo& info, const Inodes& own) {
  Node node = Node::map(), pids = Node::list(), pins = Node::list();
  node.set("type", Node::scalar(std::string(nsbox::info(info.type).name)));
  node.set("inode", Node::number(static_cast<int64_t>(info.inode)));
  node.set("own", Node::boolean(own[static_cast<size_t>(info.type)] == info.inode));
  node.set("owner_uid", info.owner_uid < 0 ? Node{} : Node::number(info.owner_uid));
  node.set(info.type == NsType::user ? "parent" : "user_namespace", info.user_namespace ? Node::number(static_cast<int64_t>(info.user_namespace)) : Node{});
  for (const int pid : info.processes) pids.items.push_back(Node::number(pid));
  for (const std::string& pin : info.pins) pins.items.push_back(Node::scalar(pin));
  node.set("processes", std::move(pids));
  node.set("pins", std::move(pins));
  return node;
}

/// The namespaces of a process by number, or of a sandbox by name, from its supervisor.
bool look_at(const std::string& word, Column& column) {
  column.title = word;
  int64_t pid = 0;
  if (parse_integer(word, pid)) {
    ProcessInfo info;
    if (pid < 1 || pid > 4194304 || !look_at_process(static_cast<int>(pid), info)) return say("there is no process " + escape(word)), false;
    if (!info.inodes[0]) return say("process " + word + " belongs to another user, or can't be traced: its namespaces can't be read (a sandbox of one's own is given by its name)"), false;
    column.inodes = info.inodes;
    return true;
  }
  box::States states;
  if (!open_states(states)) return false;
  const std::optional<box::Sandbox> sandbox = find_sandbox(states, word);
  if (!sandbox) return false;
  if (!sandbox->holder.pid) return say("the sandbox '" + word + "' is not running: it is " + sandbox->status), false;
  box::Answer answer;
  if (const std::string problem = box::ask(*sandbox, {}, answer); !problem.empty()) return say("the sandbox '" + word + "': " + problem), false;
  for (size_t i = 0; i < ns_count; i++) {
    struct stat info;
    if (answer.shared[i] && fstat(answer.shared[i].number(), &info) == 0) column.inodes[i] = info.st_ino;
  }
  return true;
}

void explain_pair(const Column& a, const Column& b) {
  printf("\n%s and %s:\n", escape(a.title).c_str(), escape(b.title).c_str());
  for (size_t i = 0; i < ns_count; i++) {
    if (!a.inodes[i] || !b.inodes[i]) continue;
    const bool same = a.inodes[i] == b.inodes[i];
    printf("  %-7s %s: %s\n", ns_types[i].name.data(), same ? "same" : "different", same ? meanings[i].same : meanings[i].different);
  }
}

int compare(const Arguments& arguments) {
  std::vector<Column> columns{{"self", own_namespaces()}};
  for (const std::string& word : arguments.operands)
    if (!look_at(word, columns.emplace_back())) return 2;
  const Inodes& own = columns[0].inodes;
  const std::map<uint64_t, NamespaceInfo> all = namespaces_of(all_processes());
  const auto known = [&](NsType type, uint64_t inode) {
    const auto found = all.find(inode);
    return found != all.end() ? found->second : NamespaceInfo{type, inode, -1, 0, {}, {}};
  };
  if (arguments.value("format") == "json") {
    Node document = Node::map(), targets = Node::list(), list = Node::list();
    document.set("format_version", Node::number(1));
    for (const Column& each : columns) {
      Node target = Node::map(), same = Node::map();
      target.set("target", Node::scalar(each.title));
      target.set("namespaces", inodes_node(each.inodes));
      for (size_t i = 0; i < ns_count; i++) same.set(std::string(ns_types[i].name), Node::boolean(each.inodes[i] == own[i]));
      target.set("same_as_self", std::move(same));
      targets.items.push_back(std::move(target));
    }
    std::set<uint64_t> seen;
    for (const Column& each : columns)
      for (size_t i = 0; i < ns_count; i++)
        if (each.inodes[i] && seen.insert(each.inodes[i]).second) list.items.push_back(info_node(known(ns_types[i].type, each.inodes[i]), own));
    document.set("targets", std::move(targets));
    document.set("namespaces", std::move(list));
    printf("%s\n", to_json(document).c_str());
    return 0;
  }
  // `=`: the same as the column before has; so a row without one is a row of different namespaces.
  std::vector<std::vector<std::string>> rows{{"TYPE"}};
  for (const Column& each : columns) rows[0].push_back(escape(each.title));
  for (size_t i = 0; i < ns_count; i++) {
    std::vector<std::string>& row = rows.emplace_back();
    // cppcheck-suppress invalidContainerReference ; the next row is added after the last use
    row.emplace_back(ns_types[i].name);
    for (size_t c = 0; c < columns.size(); c++) {
      const uint64_t inode = columns[c].inodes[i];
      const auto first = std::find_if(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(c), [&](const Column& each) { return each.inodes[i] == inode; });
      const auto same = static_cast<size_t>(first - columns.begin());
      row.push_back(number_or(inode, "?") + (inode && same < c ? " = " + escape(columns[same].title) : ""));
    }
  }
  print_table(rows);
  rows = {{"NAMESPACE", "OWNER", "USER NS", "PROCESSES", "PINS"}};
  std::set<uint64_t> seen;
  for (size_t i = 0; i < ns_count; i++)
    for (const Column& each : columns) {
      if (!each.inodes[i] || !seen.insert(each.inodes[i]).second) continue;
      const NamespaceInfo info = known(ns_types[i].type, each.inodes[i]);
      rows.push_back({std::string(nsbox::info(info.type).name) + ":" + std::to_string(info.inode), owner_words(info), number_or(info.user_namespace, "-"), std::to_string(info.processes.size()), info.pins.empty() ? "-" : joined_paths(info.pins)});
    }
  puts("");
  print_table(rows);
  if (arguments.has("explain"))
    for (size_t c = 1, from = columns.size() > 2; c < columns.size(); c++)  // one alone is compared with this process
      for (size_t before = from; before < c; before++) explain_pair(columns[before], columns[c]);
  return 0;
}

int list_all(const Arguments& arguments) {
  const Inodes own = own_namespaces();
  const std::vector<ProcessInfo> processes = all_processes();
  const std::map<uint64_t, NamespaceInfo> all = namespaces_of(processes);
  std::vector<const NamespaceInfo*> sorted;
  for (const auto& [inode, info] : all) sorted.push_back(&info);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->type < b->type; });
  if (arguments.value("format") == "json") {
    Node document = Node::map(), list = Node::list();
    document.set("format_version", Node::number(1));
    for (const NamespaceInfo* each : sorted) list.items.push_back(info_node(*each, own));
    document.set("namespaces", std::move(list));
    printf("%s\n", to_json(document).c_str());
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"TYPE", "INODE", "", "OWNER", "USER NS", "PROCESSES", "PIDS", "COMMAND", "PINS"}};
  for (const NamespaceInfo* each : sorted) {
    const auto first = each->processes.empty() ? processes.end() : std::find_if(processes.begin(), processes.end(), [&](const ProcessInfo& one) { return one.pid == each->processes[0]; });
    rows.push_back({std::string(info(each->type).name), std::to_string(each->inode), own[static_cast<size_t>(each->type)] == each->inode ? "own" : "", owner_words(*each), number_or(each->user_namespace, "-"),
                    each->processes.empty() ? "none" : std::to_string(each->processes.size()), list_of(each->processes), first == processes.end() ? "" : escape(first->command), each->pins.empty() ? "unpinned" : joined_paths(each->pins)});
  }
  print_table(rows);
  const auto hidden = std::count_if(processes.begin(), processes.end(), [](const ProcessInfo& each) { return !each.inodes[0]; });
  if (hidden) printf("not counted, because they belong to others or can't be traced: %zd\n", static_cast<ssize_t>(hidden));
  if (arguments.has("explain"))
    puts("\nA namespace lives as long as a process is in it, a descriptor or a bind mount (a pin) holds it, or one below it lives. `own` is that of this\n"
         "process; OWNER the uid that made its user namespace; USER NS the user namespace whose capabilities count in it (of a user namespace: its parent).");
  return 0;
}

}  // namespace

int run_ns(const Arguments& arguments) { return arguments.operands.empty() ? list_all(arguments) : compare(arguments); }

int run_unpin(const Arguments& arguments) {
  int status = 0;
  for (const std::string& path : arguments.operands) {
    const auto failed = [&](const std::string& what) {
      say("'" + escape(path) + "': " + what);
      status = 1;
    };
    const Fd place = Fd::adopt(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct statfs type;
    if (!place || fstatfs(place.number(), &type) < 0) {
      failed(because("open"));
    } else if (type.f_type != NSFS_MAGIC) {
      failed("no namespace is pinned there");
    } else if (umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) < 0) {
      failed(because("umount2") + (errno == EPERM ? "; only root can take it away" : ""));
    } else {
      // The empty file that the pin was bound to, where it is as nsbox makes one.
      struct stat left;
      if (lstat(path.c_str(), &left) == 0 && S_ISREG(left.st_mode) && left.st_size == 0 && (left.st_mode & 07777) == 0444 && left.st_uid == geteuid()) unlink(path.c_str());
    }
  }
  return status;
}

}  // namespace nsbox
