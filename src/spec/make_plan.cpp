// SPDX-License-Identifier: MIT
// The table of contents: which section adds which steps. Their order is that of their stages.
#include "spec/make_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "spec/builder.hpp"
#include "spec/exposure.hpp"

namespace nsbox {

PlanBuilder::PlanBuilder(const Spec& spec, const HostFacts& facts, Findings& findings)
    : spec(spec), facts(facts), findings(findings), maps(maps_on(spec, facts)), layout(facts) {
  plan.name = spec.name;
  // Of most plans.
  plan.child.reserve(64 + 4 * spec.mounts.size());
  plan.prepare.reserve(16 + spec.mounts.size());
  plan.origins.reserve(32 + spec.mounts.size());
  for (const SourceFile& file : findings.files) plan.files.push_back(file.name);
  const auto note = [&](const std::string& path) {
    std::string real;
    facts.resolved(path, &real);
    if (real != "/") writable_.push_back(real);  // who can write there sees everything as it is
  };
  // Which of them a remount means is known only when the tree is; so it means all.
  const bool again = std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const Mount& mount) { return mount.is("remount") && mount.readonly == false; });
  const auto note_mount = [&](const Mount& mount) {
    if (mount.is("bind") && (again || !mount.effective_readonly()) && mount.source) note(mount.source->path);
    if (mount.upper) note(mount.upper->path);
  };
  for (const Mount& mount : spec.mounts) note_mount(mount);
  if (spec.root && spec.root->mount) note_mount(*spec.root->mount);
}

PlanBuilder::From::From(PlanBuilder& builder, Mark mark, std::string_view pointer) : builder_(builder), before_(builder.origin_) {
  if (mark.line == 0 || pointer.empty()) {
    builder.origin_ = 0;
    return;
  }
  builder.origin_ = static_cast<uint32_t>(builder.plan.origins.size());
  builder.plan.origins.push_back({mark, builder.text(pointer)});
}

PlanBuilder::From::From(PlanBuilder& builder, std::string_view pointer) : From(builder, builder.spec.written_at(pointer), pointer) {}

void PlanBuilder::add(PrepareStep step, Stage stage) { plan.prepare.push_back({step, stage, origin_}); }
void PlanBuilder::add(JoinStep step) { plan.join.push_back({step, Stage::join, origin_}); }
void PlanBuilder::add(PlaceStep step, Stage stage) { plan.place.push_back({step, stage, origin_}); }
void PlanBuilder::add(ChildStep step, Stage stage) { plan.child.push_back({step, stage, origin_}); }
void PlanBuilder::add(InitStep step) { plan.init.push_back({step, Stage::fork_payload, origin_}); }
void PlanBuilder::add(PayloadStep step, Stage stage) { plan.payload.push_back({step, stage, origin_}); }

void PlanBuilder::error(Code code, std::vector<std::string> args) {
  const Origin& origin = plan.origins[origin_];
  findings.add(code, origin.mark, origin.pointer, std::move(args));
}

/// A stable sort in place, by counting: linear, and without a second copy of the steps.
template <class Step>
static void order_by_stage(std::vector<Entry<Step>>& entries) {
  std::array<size_t, std::size(stages)> next{};  // of each stage: how many there are, then where the next one goes
  for (const Entry<Step>& entry : entries) next[static_cast<size_t>(entry.stage)]++;
  size_t before = 0;
  for (size_t& each : next) before += std::exchange(each, before);
  std::vector<uint32_t> goes(entries.size());
  for (size_t i = 0; i < entries.size(); i++) goes[i] = static_cast<uint32_t>(next[static_cast<size_t>(entries[i].stage)]++);
  for (uint32_t i = 0; i < goes.size(); i++) {
    while (goes[i] != i) {
      std::swap(entries[i], entries[goes[i]]);
      std::swap(goes[i], goes[goes[i]]);
    }
  }
}

Plan PlanBuilder::finish() {
  // A few descriptors are left to the end, when all are closed at once; many could meet a limit.
  constexpr uint16_t few = 128;
  if (plan.slots <= few)
    for (Entry<ChildStep>& entry : plan.child)
      if (auto* attach = std::get_if<Attach>(&entry.step)) attach->keep = true;
  order_by_stage(plan.prepare);
  order_by_stage(plan.place);
  order_by_stage(plan.child);
  order_by_stage(plan.payload);
  return std::move(plan);
}

namespace {

/// What every launch begins with: it can fail, and leaves nothing behind.
void plan_start(PlanBuilder& builder) {
  builder.add(MapReport{});
  builder.add(OpenProc{});
  builder.add(TakeSignals{});
  builder.add(OpenChannel{});
  builder.add(OpenSelf{});
}

void plan_clone(PlanBuilder& builder) {
  // All but time, which a process enters only by its children.
  builder.plan.clone.step.flags = builder.spec.namespaces.fresh_flags() & ~info(NsType::time).flag;
  builder.plan.clone.step.joiner = builder.spec.namespaces.any_joined();
}

/// The gate is needed only where the launcher has something to do for the child, which includes to
/// close itself before a payload that can see it.
void plan_gate(PlanBuilder& builder) {
  const bool waits = !builder.plan.place.empty() || !builder.spec.namespaces.fresh(NsType::pid);
  builder.add(PlaceStep{ClearDumpable{}}, Stage::place);
  if (!waits) return;
  builder.add(ChildStep{WaitGate{}}, Stage::map_identity);
  builder.add(PlaceStep{OpenGate{}}, Stage::place);
}

void plan_become(PlanBuilder& builder) {
  const Caller& caller = builder.facts.caller;
  const Maps& maps = builder.maps;
  // /proc/self belongs to another as soon as the ids change, so what is written there goes first.
  if (builder.spec.process.oom_score_adj) {
    const PlanBuilder::From from(builder, "/process/oom_score_adj");
    builder.add(SetOomScore{static_cast<int>(builder.spec.process.oom_score_adj->value)}, Stage::become);
  }
  plan_labels(builder);
  plan_time(builder);
  if (builder.new_user_namespace() && (!maps.inside(false, caller.uid) || !maps.inside(true, caller.gid)))
    builder.add(BecomeInside{maps.setgroups}, Stage::become);
  if (builder.spec.namespaces.joined(NsType::user)) builder.add(BecomeInside{true, true}, Stage::become);
  // The maps are written by now, so nobody needs to reach this process by /proc any more.
  builder.add(ChildStep{ClearDumpable{}}, Stage::become);
  builder.add(ChildStep{WatchLauncher{}}, Stage::become);
}

/// Room for the descriptors of all trees that are open at once; before the first of them.
void plan_files(PlanBuilder& builder) {
  const uint32_t wanted = builder.plan.slots + 64u;
  std::vector<Entry<PrepareStep>>& prepare = builder.plan.prepare;
  if (wanted > 256) prepare.insert(prepare.begin(), {RaiseFiles{wanted}, Stage::prepare, 0});
}

/// Only where something outside the sandbox changes: files of `create: host`, pins, the caller's terminal.
void plan_keeper(PlanBuilder& builder) {
  std::vector<Entry<PrepareStep>>& prepare = builder.plan.prepare;
  const auto makes = [](const Entry<PrepareStep>& entry) { return std::holds_alternative<MakeOnHost>(entry.step); };
  const auto pins = [](const Entry<PlaceStep>& entry) { return std::holds_alternative<PinNamespace>(entry.step); };
  const std::vector<Entry<PlaceStep>>& place = builder.plan.place;
  if (builder.plan.supervision.terminal != TerminalKind::fresh && std::none_of(prepare.begin(), prepare.end(), makes) && std::none_of(place.begin(), place.end(), pins)) return;
  const auto self = std::find_if(prepare.begin(), prepare.end(), [](const Entry<PrepareStep>& entry) { return std::holds_alternative<OpenSelf>(entry.step); });
  prepare.insert(self + 1, {StartKeeper{}, Stage::prepare, 0});
}

}  // namespace

Plan make_plan(const Spec& spec, const HostFacts& facts, Findings& findings, bool exposures) {
  PlanBuilder builder(spec, facts, findings);
  plan_start(builder);
  plan_clone(builder);
  plan_supervision(builder);
  plan_joins(builder);
  plan_pins(builder);
  plan_id_maps(builder);
  plan_become(builder);  // and the clocks
  plan_identity_of_host(builder);
  plan_sysctl(builder);
  plan_mounts(builder);
  plan_credentials(builder);
  plan_process(builder);
  plan_seal(builder);
  plan_gate(builder);
  plan_files(builder);
  plan_keeper(builder);
  warn_of_reach(builder);
  if (exposures) add_exposures(builder);
  return builder.finish();
}

}  // namespace nsbox
