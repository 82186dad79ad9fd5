// SPDX-License-Identifier: MIT
#include "box/exec_plan.hpp"

#include <string.h>
#include <sys/resource.h>

#include <algorithm>

#include "fields/scalars.hpp"

namespace nsbox::box {
namespace {

template <class Step>
bool is(const PayloadStep& step) {
  return std::holds_alternative<Step>(step);
}

template <class... Steps>
bool is_any(const PayloadStep& step) {
  return (is<Steps>(step) || ...);
}

bool parse_id(const std::string& text, int64_t& id) { return parse_integer(text, id) && id >= 0 && id <= 4294967294; }

/// -u: what the recorded steps said is replaced; the id map and the kernel say what is possible.
std::string set_user(const std::string& text, Plan& plan, LookUpUser& names, SetIds& ids) {
  const size_t colon = text.find(':');
  const std::string user = text.substr(0, colon), group = colon == text.npos ? "" : text.substr(colon + 1);
  if (user.empty() || (colon != text.npos && group.empty())) return "-u takes USER or USER:GROUP, not '" + text + "'";
  names = {};
  ids.uid = ids.gid = -1;
  if (!parse_id(user, ids.uid)) names.user = plan.arena.text(user);
  else if (group.empty()) ids.gid = ids.uid;  // as there is no name whose group could be looked up
  if (!group.empty() && !parse_id(group, ids.gid)) names.group = plan.arena.text(group);
  return "";
}

/// False with errno.
bool take_limits(const Plan& recorded, const Known& known, Plan& plan) {
  struct rlimit wanted[limit_count];
  memcpy(wanted, known.limits, sizeof wanted);
  for (const auto& entry : recorded.payload)
    if (const auto* step = std::get_if<SetLimit>(&entry.step)) wanted[step->resource] = {step->soft, step->hard};
  for (size_t i = 0; i < limit_count; i++) {
    struct rlimit own;
    if (getrlimit(static_cast<__rlimit_resource>(i), &own) < 0) return false;
    // No more than the caller may give: that is never less of a limit.
    wanted[i].rlim_max = std::min(wanted[i].rlim_max, own.rlim_max);
    wanted[i].rlim_cur = std::min(wanted[i].rlim_cur, wanted[i].rlim_max);
    if (wanted[i].rlim_cur != own.rlim_cur || wanted[i].rlim_max != own.rlim_max) plan.payload.push_back({SetLimit{static_cast<int>(i), wanted[i].rlim_cur, wanted[i].rlim_max}, Stage::limits, 0});
  }
  return true;
}

/// A pty of the sandbox's own devpts, where it has one: there its name is right.
bool has_devpts(const Plan& recorded) {
  for (const auto& entry : recorded.child)
    if (const auto* fs = std::get_if<NewFs>(&entry.step); fs && strcmp(fs->type, "devpts") == 0) return true;
  return false;
}

}  // namespace

void share_with_supervisor(Plan& plan) {
  const auto fork = std::find_if(plan.child.begin(), plan.child.end(), [](const auto& entry) { return std::holds_alternative<ForkPayload>(entry.step); });
  plan.child.insert(fork, {ShareNamespaces{}, Stage::enter_root, 0});
  const auto restrict = std::find_if(plan.payload.begin(), plan.payload.end(), [](const auto& entry) { return is<RestrictSelf>(entry.step); });
  if (restrict != plan.payload.end()) plan.payload.insert(restrict, {ShareRuleset{}, restrict->stage, 0});
}

std::string make_exec_plan(const Plan& recorded, const Known& known, const std::vector<NsType>& joins, const char* sandbox, const ExecRequest& request, Plan& out) {
  Plan& plan = out;
  plan.name = recorded.name;
  plan.files = recorded.files;
  plan.origins = recorded.origins;
  plan.slots = recorded.slots;
  plan.sealed_self = recorded.sealed_self;
  plan.supervision.terminal = request.terminal ? TerminalKind::fresh : TerminalKind::none;
  const auto prepare = [&](const PrepareStep& step) { plan.prepare.push_back({step, Stage::prepare, 0}); };
  for (PrepareStep step : {PrepareStep{MapReport{}}, PrepareStep{OpenProc{}}, PrepareStep{TakeSignals{}}, PrepareStep{OpenChannel{}}, PrepareStep{OpenSelf{}}}) prepare(step);
  if (request.terminal) prepare(StartKeeper{});

  for (const NsType type : join_order) {
    if (std::find(joins.begin(), joins.end(), type) == joins.end()) continue;
    const auto slot = static_cast<Slot>(plan.slots++);
    prepare(OpenShared{slot, shared_of(type), sandbox});
    plan.join.push_back({SetNamespace{slot, static_cast<int>(info(type).flag)}, Stage::join, 0});
  }
  plan.clone.step.joiner = !plan.join.empty();

  // The child sees its launcher close itself before it goes on: the payload may see both.
  plan.place.push_back({ClearDumpable{}, Stage::place, 0});
  plan.place.push_back({OpenGate{}, Stage::place, 0});
  plan.child.push_back({WaitGate{}, Stage::map_identity, 0});
  for (const auto& entry : recorded.child)
    if (std::holds_alternative<SetOomScore>(entry.step) || std::holds_alternative<SetExecLabel>(entry.step) || std::holds_alternative<BecomeInside>(entry.step) || std::holds_alternative<ClearDumpable>(entry.step) || std::holds_alternative<WatchLauncher>(entry.step))
      plan.child.push_back(entry);
  if (request.terminal && has_devpts(recorded)) {
    const auto slot = static_cast<Slot>(plan.slots++);
    plan.child.push_back({UseRoot{}, Stage::enter_root, 0});
    plan.child.push_back({OpenPlace{slot, {Slot::root, "dev/pts", false}}, Stage::enter_root, 0});
    plan.child.push_back({NewTerminal{slot}, Stage::enter_root, 0});
  } else if (request.terminal) {
    prepare(OpenTerminal{});
  }

  plan.payload.push_back({NewSession{}, Stage::session, 0});
  if (request.terminal) plan.payload.push_back({TakeTerminal{}, Stage::session, 0});
  // As they were found when the sandbox began: its files may say something else by now.
  SetIds ids{known.looked_up.uid, known.looked_up.gid, recorded.payload_has<DropBounding>()};
  for (const auto& entry : recorded.payload) {
    if (const auto* set = std::get_if<SetIds>(&entry.step)) {
      if (set->uid >= 0) ids.uid = set->uid;
      if (set->gid >= 0) ids.gid = set->gid;
    }
  }
  LookUpUser names;
  if (request.user)
    if (std::string problem = set_user(*request.user, plan, names, ids); !problem.empty()) return problem;
  bool ids_set = false;
  const auto set_ids = [&] {
    if (ids_set) return;
    ids_set = true;
    plan.payload.push_back({ids, Stage::credentials, 0});
    plan.payload.push_back({WatchLauncher{}, Stage::credentials, 0});  // a change of identity clears the signal
  };
  for (const auto& entry : recorded.payload) {
    if (is_any<NewSession, TakeTerminal, OwnGroup, LookUpUser, NewRuleset, AllowPath, AllowPort, ShareRuleset, SetLimit, SetIds, WatchLauncher>(entry.step)) continue;
    if (entry.stage >= Stage::credentials && !is_any<DropBounding, SetGroups>(entry.step)) set_ids();
    plan.payload.push_back(entry);
    PayloadStep& step = plan.payload.back().step;
    if (auto* stdio = std::get_if<UseStdio>(&step)) stdio->terminal = request.terminal;
    if (auto* folder = std::get_if<EnterFolder>(&step); folder && request.folder) folder->path = plan.arena.text(*request.folder), plan.payload.back().origin = 0;
    if (auto* passed = std::get_if<CloseOnExec>(&step)) passed->pass = {};
    if (auto* find = std::get_if<FindCommand>(&step))
      for (const std::string& each : request.env)
        if (each.starts_with("PATH=")) find->path = plan.arena.text(each.substr(5));
    if (auto* exec = std::get_if<Exec>(&step)) exec->arguments = {};
    if (auto* groups = std::get_if<SetGroups>(&step)) {
      std::vector<uint32_t> all(groups->groups.begin(), groups->groups.end());
      all.insert(all.end(), known.looked_up.groups, known.looked_up.groups + std::min<size_t>(known.looked_up.group_count, std::size(known.looked_up.groups)));
      groups->groups = plan.arena.list(all);
      groups->looked_up = false;
    }
  }
  if (names.user || names.group) plan.payload.push_back({names, Stage::open, 0});
  if (recorded.payload_has<RestrictSelf>()) prepare(OpenShared{Slot::ruleset, Shared::ruleset, sandbox});
  if (!take_limits(recorded, known, plan)) return "the caller's limits: prlimit64: " + error_words(errno);
  std::stable_sort(plan.payload.begin(), plan.payload.end(), [](const auto& a, const auto& b) { return a.stage < b.stage; });

  plan.environment = recorded.environment;
  if (!request.env.empty() || recorded.supervision.notify) {
    std::vector<Variable> all;
    for (const Variable& each : recorded.environment.set)
      if (!recorded.supervision.notify || each.name != std::string_view("NOTIFY_SOCKET")) all.push_back(each);  // it is the first command's
    for (const std::string& each : request.env) {
      const size_t equal = each.find('=');
      if (equal == each.npos || equal == 0) return "-e takes NAME=VALUE, not '" + each + "'";
      all.push_back({plan.arena.text(each.substr(0, equal)), plan.arena.text(each.substr(equal + 1))});
    }
    plan.environment.set = plan.arena.list(all);
  }
  plan.set_command(request.command);
  return "";
}

}  // namespace nsbox::box
