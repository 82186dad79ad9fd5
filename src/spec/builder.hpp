// SPDX-License-Identifier: MIT
// What every section's plan() writes to. Steps are added in any order of sections; finish() puts
// them into the order of their stages, and inside a stage the order of adding stays.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.hpp"
#include "spec/layout.hpp"
#include "spec/spec.hpp"

namespace nsbox {

class PlanBuilder {
 public:
  PlanBuilder(const Spec& spec, const HostFacts& facts, Findings& findings);

  const Spec& spec;
  const HostFacts& facts;
  Findings& findings;
  const Maps maps;
  Plan plan;
  Layout layout;

  // --- whose words the next steps come from
  class From {
   public:
    From(PlanBuilder& builder, Mark mark, std::string_view pointer);
    From(PlanBuilder& builder, std::string_view pointer);  // the mark of a section
    ~From() { builder_.origin_ = before_; }
    From(const From&) = delete;
    From& operator=(const From&) = delete;

   private:
    PlanBuilder& builder_;
    uint32_t before_;
  };

  void add(PrepareStep step, Stage stage = Stage::prepare);
  void add(JoinStep step);
  void add(PlaceStep step, Stage stage);
  void add(ChildStep step, Stage stage);
  void add(InitStep step);
  void add(PayloadStep step, Stage stage);

  Slot new_slot() { return static_cast<Slot>(plan.slots++); }
  Str text(std::string_view text) { return plan.arena.text(text); }
  [[gnu::cold]] void error(Code code, std::vector<std::string> args = {});
  Mark mark() const { return plan.origins[origin_].mark; }

  // --- what is asked of the caller
  /// The launcher has the rights over the host's mounts: it clones the sources itself.
  bool launcher_clones() const;
  bool new_user_namespace() const { return spec.namespaces.fresh(NsType::user); }
  /// ids are shifted, and binds need MOUNT_ATTR_IDMAP to keep their owners.
  bool shifted() const;

  /// A source as it is looked up at the launch. A payload may edit its writable folders between two
  /// launches: what lies below one is found from there without following any link.
  struct Way {
    Str path = nullptr, below = nullptr;
  };
  Way way_to(const std::string& source);

  // --- pieces that several mount types are made of (mount_plan.cpp)
  /// False, with its diagnostic unless the entry is optional, when the source can't be used.
  bool source_is_there(const Mount& mount, const PathFact& fact, const std::string& path);
  /// A copy of a host tree, in `slot` or a new one. `none` after a diagnostic.
  Slot take_tree(const std::string& source, bool recursive, bool idmap, Identity device = {}, Slot slot = Slot::none, bool readonly = true);
  /// A host folder as a layer of an overlay.
  Slot take_layer(const Mount& mount, const std::string& source, std::string& real);
  void warn_of_group(const std::string& layer);
  bool take_upper(const Mount& mount, NewOverlay& overlay);
  /// An upper folder in memory that looks like the highest layer.
  void scratch_upper(NewOverlay& overlay, Slot like);
  /// The ids of the sandbox on the owners of a tree that the launcher holds.
  void map_tree(Slot slot, Str below, bool recursive, bool optional = false);
  /// A file system of this type is known to be mapped by younger kernels alone.
  bool too_old_to_map(std::string_view type) const;
  void set_attributes(Slot slot, uint64_t set, uint64_t clear, bool recursive);
  /// What was written as `false` and the host's mount has: to be cleared, or refused where locked.
  bool flags_to_clear(const Mount& mount, const std::string& real, uint64_t& clear);
  /// Mounts below that the kernel locks together, so that they can't be left out.
  bool locked_below(const std::string& real) const;

  /// False, with its diagnostic, when the links on the way to `target` have no end: then no path was found.
  bool has_end(const Found& found, const std::string& target);
  /// Steps that make sure that `target` is there, as a folder or a file; `at` is where.
  bool make_target(const Mount& mount, const std::string& target, bool folder, uint32_t mode, At& at);
  void make_link(const Mount& mount, const std::string& target, const std::string& to);
  /// Target, attach, propagation, layout. `keep`: the descriptor is used after it.
  bool attach(const Mount& mount, Slot slot, const std::string& target, Tree tree, bool keep = false);
  /// The same for a file system that is made there; `at`: where that is.
  bool mount_fs(const Mount& mount, NewFs step, Tree tree, bool keep = false, At* at = nullptr);
  /// A new file system at a place that is there; at once, where the way to it is nsbox's own and the
  /// kernel's words about its options will not be missed.
  void add_fs(NewFs step, At at, bool keep, bool explained = false);
  /// A new file system as the root.
  void add_root(const Mount& mount, NewFs step);
  /// An empty read-only folder, or the null device, over a place that is there.
  /// `attributes` false: the caller sets those of all its covers at once.
  void cover(At at, bool folder, bool attributes = true);

  /// The tmpfs that holds files, upper folders and layers; made when first asked for.
  Slot staging();
  std::string staging_name();

  bool wants_terminal() const { return plan.supervision.terminal == TerminalKind::fresh && !terminal_made_; }
  void new_terminal(Slot devpts);

  Plan finish();

 private:
  /// The attributes of the first binds, where they are the same, set at once on the root with all of
  /// them, instead of one by one.
  void join_attributes();
  friend void plan_mounts(PlanBuilder&);
  /// A writable layer over a folder of a read-only tree, in which what is missing can be made.
  bool layer_over(const Found& found);
  bool belongs_to_nobody(const std::string& folder) const;
  void attached(const Mount& mount, Slot slot, At at, Tree tree);
  bool open_for_making(const Mount& mount, const std::string& target, Found& found);
  void make_parents(const Found& found, std::string_view target);
  Stage source_stage() const;

  uint32_t origin_ = 0;
  std::vector<std::string> writable_;  // the folders of the host that the payload can write, as they really are
  bool staging_made_ = false, terminal_made_ = false, empty_folder_made_ = false;
  unsigned staging_names_ = 0;
  uint32_t covered_roots_ = 0;  // roots that a layer has taken the place of
  size_t mounts_begin_ = 0;  // in plan.child: where the staging tmpfs is made
  Slot user_namespace_ = Slot::none;
  std::vector<std::string> closing_;  // targets of trees that become read-only after the last mount
};

}  // namespace nsbox
