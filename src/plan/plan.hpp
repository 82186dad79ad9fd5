// SPDX-License-Identifier: MIT
// What will happen, as data: made by spec/make_plan from a specification and what is known of the
// host, printed by `nsbox plan`, and run by run/launcher exactly as it stands.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fields/node.hpp"
#include "plan/stage.hpp"
#include "plan/step.hpp"

namespace nsbox {

/// Owns every byte that the plan's steps point to; addresses are stable, also when it is moved.
class Arena {
 public:
  Str text(std::string_view text);
  template <class T>
  std::span<const T> list(const std::vector<T>& items) {
    if (items.empty()) return {};
    static_assert(std::is_trivially_copyable_v<T>);
    void* bytes = take(items.size() * sizeof(T), alignof(T));
    std::uninitialized_copy(items.begin(), items.end(), static_cast<T*>(bytes));
    return {static_cast<const T*>(bytes), items.size()};
  }

 private:
  void* take(size_t size, size_t alignment);
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t used_ = 0, size_ = 0;
};

template <class Variant>
struct Entry {
  Variant step;
  Stage stage;
  uint32_t origin = 0;  // index into Plan::origins
};

/// Which words of the specification a step comes from. Number 0 is nsbox itself.
struct Origin {
  Mark mark;
  Str pointer = "";
};

struct Clone {
  uint64_t flags = 0;  // CLONE_NEW…
  bool joiner = false;  // cloned by a helper that has joined namespaces
};

enum class TerminalKind : uint8_t { none, inherit, fresh };

/// What the launcher and init do while the payload runs.
struct Supervision {
  bool init = false;             // nsbox is pid 1
  bool new_pid_namespace = false;
  TerminalKind terminal = TerminalKind::none;
  int64_t timeout_ns = 0;        // 0: none
  int stop_signal = 15;
  int64_t stop_timeout_ns = 0;
  bool notify = false;           // the command says when it is ready
};

struct Variable {
  Str name = "";
  Str value = nullptr;  // null: unset
};

struct Environment {
  std::span<const Str> inherit;     // names and globs
  bool inherit_all = false;
  std::span<const Variable> set;    // after what is inherited
};

struct Plan {
  std::string name;
  std::vector<Entry<PrepareStep>> prepare;
  std::vector<Entry<JoinStep>> join;
  Entry<Clone> clone{{}, Stage::clone, 0};
  std::vector<Entry<PlaceStep>> place;
  std::vector<Entry<ChildStep>> child;
  std::vector<Entry<InitStep>> init;
  std::vector<Entry<PayloadStep>> payload;

  uint16_t slots = static_cast<uint16_t>(Slot::first);
  bool sealed_self = false;  // nsbox runs from a sealed copy of its program
  Supervision supervision;
  Environment environment;
  std::vector<Origin> origins{Origin{}};
  std::vector<std::string> files;  // names, by Mark::file
  Arena arena;

  /// The number of a step is its place in the order above, from 1; clone has one number.
  uint32_t first_of_join() const { return 1 + static_cast<uint32_t>(prepare.size()); }
  uint32_t clone_number() const { return first_of_join() + static_cast<uint32_t>(join.size()); }
  uint32_t first_of_place() const { return clone_number() + 1; }
  uint32_t first_of_child() const { return first_of_place() + static_cast<uint32_t>(place.size()); }
  uint32_t first_of_init() const { return first_of_child() + static_cast<uint32_t>(child.size()); }
  uint32_t first_of_payload() const { return first_of_init() + static_cast<uint32_t>(init.size()); }
  uint32_t steps() const { return first_of_payload() + static_cast<uint32_t>(payload.size()) - 1; }

  /// Another command than the specification's; an argv0 that it gives stays.
  void set_command(const std::vector<std::string>& words);
  bool has_command() const;

  /// Whether the payload takes such a step.
  template <class Step>
  bool payload_has() const {
    for (const auto& entry : payload)
      if (std::holds_alternative<Step>(entry.step)) return true;
    return false;
  }

  /// Calls f(number, stage, origin, step) for each step in order.
  template <class F>
  void for_each(F&& f) const {
    uint32_t number = 1;
    const auto each = [&](const auto& entries) {
      for (const auto& entry : entries)
        with_step(entry.step, [&](const auto& step) { f(number, entry.stage, entry.origin, step); }), number++;
    };
    each(prepare);
    each(join);
    f(number++, clone.stage, clone.origin, clone.step);
    each(place);
    each(child);
    each(init);
    each(payload);
  }
};

}  // namespace nsbox
