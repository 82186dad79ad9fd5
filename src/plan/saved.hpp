// SPDX-License-Identifier: MIT
// A plan as a file, to be mapped and run without the specification: one stream of numbers and texts,
// in the order of the members of the plan's own structs, so that no list of them could differ from
// the structs. Texts stay where they are in the file; a plan that was read points into it.
//
//   magic, length, check sum │ header │ origins │ environment │ steps, actor by actor
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.hpp"

namespace nsbox {

inline constexpr std::string_view saved_magic{"nsbox plan 1\n\0\0", 16};  // NOLINT(bugprone-string-constructor): with its closing zero

/// A file that the plan was made from, and what it was then.
struct SavedSource {
  std::string name, path;  // as the user wrote it; absolute
  uint64_t device = 0, inode = 0, size = 0;  // inode 0: standard input
  int64_t changed_ns = 0;
};

/// What has to be as it was when the plan was made.
struct SavedFor {
  std::string build, host;  // of nsbox itself; the machine and its kernel
  uint32_t uid = 0, gid = 0;
  bool privileged = false;
  std::vector<SavedSource> sources;  // by Mark::file
};

std::string save_plan(const Plan& plan, const SavedFor& made_for);

/// The SHA-256 of what save_plan wrote, in hexadecimal.
std::string plan_hash(std::string_view bytes);

/// Puts magic, length and check sum before what save_plan has written, or what a test says it has.
std::string seal_plan(std::string_view body);

bool is_saved_plan(std::string_view bytes);

/// Reads back what save_plan wrote. `bytes` must stay while the plan is used. Nothing when they are
/// damaged, or written by another build of nsbox whose structs are others: `made_for.build` is filled
/// as far as it could be read.
std::optional<Plan> read_plan(std::string_view bytes, std::string_view build, SavedFor& made_for);

}  // namespace nsbox
