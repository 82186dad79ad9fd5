// SPDX-License-Identifier: MIT
// What no plan of the planner's holds, but a step must not rely on: texts longer than the room that a
// step has for them are refused before any system call.
#include "run/state.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nsbox;

namespace {

struct Child {
  std::vector<int> slots = std::vector<int>(200, 12345);  // no descriptor: a call with one would say EBADF
  ChildState state;
  Child() { state.slots = slots.data(); }
};

void refused(const Outcome& outcome) {
  CHECK(outcome.failed());
  CHECK(outcome.why == Why::too_long);
}

constexpr At nowhere(const char* path) { return {.base = Slot::root, .path = path, .own = true}; }

}  // namespace

TEST_CASE("a step refuses what is longer than its room") {
  const std::string path(4097, 'p'), program(sizeof ChildState::command, 'c'), name(249, 'n'), value(121, 'v');
  Child child;

  NewFs fs{.slot = Slot::none, .type = "tmpfs", .at = nowhere(path.c_str())};
  refused(run(fs, child.state));
  const Option longest[] = {{"key", value.c_str()}};
  fs.at = nowhere("place"), fs.options = longest;
  refused(run(fs, child.state));
  const Option much = {"key", value.c_str() + 21}, many[] = {much, much, much};
  fs.options = many;
  refused(run(fs, child.state));

  refused(run(BindDevice{.source = "/dev/null", .at = nowhere(path.c_str())}, child.state));
  refused(run(WriteSysctl{.path = name.c_str(), .value = "1"}, child.state));
  refused(run(FindCommand{.program = program.c_str()}, child.state));

  std::vector<Slot> layers(100, Slot::first);
  refused(run(NewOverlay{.slot = Slot::root, .lower = layers}, child.state));
}

TEST_CASE("numbers are written as they are") {
  char text[24];
  for (const int64_t each : {int64_t{0}, int64_t{7}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    CHECK(put_number(text, each) == text + std::to_string(each).size());
    CHECK(std::string(text) == std::to_string(each));
  }
}
