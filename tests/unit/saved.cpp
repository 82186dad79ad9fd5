// SPDX-License-Identifier: MIT
// Saved plans that are not what was written. That every plan comes back as it was is looked at by the
// golden tests, with all of theirs.
#include "plan/saved.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace nsbox;

namespace {

Plan some_plan() {
  Plan plan;
  plan.name = "some";
  plan.payload.push_back({FindCommand{plan.arena.text("/bin/true"), nullptr, true}, Stage::credentials, 0});
  const std::vector<Str> arguments{plan.arena.text("/bin/true"), nullptr};
  plan.payload.push_back({Exec{plan.arena.list(arguments)}, Stage::exec, 0});
  return plan;
}

/// With the sum made right again: only the structure is left to tell.
std::string summed(std::string bytes) {
  uint64_t sum = (bytes.size() - 32) * 0x9e3779b97f4a7c15;
  for (size_t at = 32; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    memcpy(&word, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
    sum = (sum ^ word) * 0xff51afd7ed558ccd;
    sum ^= sum >> 32;
  }
  const uint64_t length = bytes.size();
  memcpy(bytes.data() + 16, &length, 8);
  memcpy(bytes.data() + 24, &sum, 8);
  return bytes;
}

}  // namespace

TEST_CASE("a saved plan that is damaged is refused") {
  const std::string good = save_plan(some_plan(), {"b", "h", 0, 0, false, {}});
  SavedFor back;
  REQUIRE(read_plan(good, "b", back));
  CHECK(summed(good) == good);
  for (size_t length = 0; length < good.size(); length++) CHECK_FALSE(read_plan(good.substr(0, length), "b", back));
  for (size_t i = 0; i < good.size() * 8; i++) {
    std::string flipped = good;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
    CHECK_FALSE(read_plan(flipped, "b", back));
  }
}

TEST_CASE("another build's plan is not read") {
  SavedFor back;
  CHECK_FALSE(read_plan(save_plan(some_plan(), {"b", "h", 0, 0, false, {}}), "c", back));
  CHECK(back.build == "b");
}

TEST_CASE("what is read stays inside the file, whatever the sum says") {
  const std::string good = save_plan(some_plan(), {"b", "h", 0, 0, false, {}});
  SavedFor back;
  for (size_t i = 32; i < good.size(); i++)
    for (const int value : {0, 1, 2, 0x7f, 0x80, 0xff}) {
      std::string odd = good;
      odd[i] = static_cast<char>(value);
      if (const auto plan = read_plan(summed(odd), "b", back)) CHECK(plan->steps() >= 1);  // the sanitizers watch
      for (size_t length = 33; length < good.size(); length += 7) (void)read_plan(summed(odd.substr(0, length)), "b", back);
    }
}

TEST_CASE("what a step can't do without is there") {
  const auto returns = [](const Plan& plan) {
    SavedFor back;
    return read_plan(save_plan(plan, {"b", "h", 0, 0, false, {}}), "b", back).has_value();
  };
  const auto comes_back = [&](PayloadStep step) {
    Plan plan = some_plan();
    plan.payload.insert(plan.payload.begin(), {step, Stage::credentials, 0});
    return returns(plan);
  };
  const auto content = [&](Str text, uint32_t length) {
    Plan plan = some_plan();
    plan.child.push_back({WriteFile{{Slot::root, "a", true}, 0644, text, length, Slot::none}, Stage::credentials, 0});
    return returns(plan);
  };
  const Str none[] = {nullptr}, open_ended[] = {"true"};
  CHECK(comes_back(EnterFolder{"/"}));
  CHECK_FALSE(comes_back(EnterFolder{nullptr}));
  CHECK(comes_back(LookUpUser{nullptr, nullptr, {}}));
  CHECK_FALSE(comes_back(LookUpUser{nullptr, nullptr, none}));
  CHECK_FALSE(comes_back(Exec{{}}));
  CHECK_FALSE(comes_back(Exec{open_ended}));
  CHECK(content("abc", 3));
  CHECK_FALSE(content("abc", 4));
  CHECK_FALSE(content(nullptr, 0));
}

TEST_CASE("another command, with an argv0 that stays") {
  Plan plan = some_plan();
  plan.set_command({"/bin/echo", "a"});
  const auto words = [&] { return std::get<Exec>(plan.payload[1].step).arguments; };
  CHECK(std::string(words()[0]) == "/bin/echo");
  CHECK(std::string(std::get<FindCommand>(plan.payload[0].step).program) == "/bin/echo");
  CHECK(words().size() == 3);
  const std::vector<Str> arguments{"other", nullptr};
  std::get<Exec>(plan.payload[1].step).arguments = plan.arena.list(arguments);
  plan.set_command({"/bin/true"});
  CHECK(std::string(words()[0]) == "other");
  CHECK(plan.has_command());
}
