// SPDX-License-Identifier: MIT
// The compiled filter against its policy, read rule by rule, for every number and for arguments on
// both sides of every comparison.
#include <doctest/doctest.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>

#include "filter/default_policy.hpp"
#include "filter/names.hpp"
#include "spec/seccomp_profile.hpp"
#include "spec/security.hpp"

using namespace nsbox::filter;

namespace {

bool holds(const Test& test, uint64_t value) {
  uint64_t wanted = test.value;
  if (test.is_32_bit) value &= 0xffffffff, wanted &= 0xffffffff;
  switch (test.op) {
    case Test::Op::equal: return value == wanted;
    case Test::Op::not_equal: return value != wanted;
    case Test::Op::less: return value < wanted;
    case Test::Op::less_equal: return value <= wanted;
    case Test::Op::greater: return value > wanted;
    case Test::Op::greater_equal: return value >= wanted;
    case Test::Op::masked: return (value & test.mask) == wanted;
  }
  return false;
}

uint32_t expected(const Policy& policy, uint32_t arch, uint32_t number, const std::vector<uint64_t>& arguments) {
  for (const Abi& abi : policy.abis) {
    if (abi.arch != arch) continue;
    const auto found = abi.calls.find(number);
    if (found == abi.calls.end()) return x32_bit && arch == native_arch && number >= x32_bit ? abi.x32_otherwise : abi.otherwise;
    for (const Rule& rule : found->second)
      if (std::all_of(rule.tests.begin(), rule.tests.end(), [&](const Test& test) { return holds(test, arguments[test.argument]); })) return rule.verdict;
  }
  return policy.other_abi;
}

void compare(const Policy& policy) {
  const Program program = compile(policy);
  CHECK(program.size() < 4096);
  for (const uint32_t base : {0u, 0x40000000u, 0xffff0000u}) {
    for (uint32_t number = base; number < base + 1024; number++) {
      std::vector<uint64_t> values{0, ~uint64_t{0}};
      const auto found = policy.abis[0].calls.find(number);
      if (found != policy.abis[0].calls.end())
        for (const Rule& rule : found->second)
          for (const Test& test : rule.tests)
            for (const uint64_t base_value : {test.value, test.mask})
              for (const uint64_t high : {uint64_t{0}, uint64_t{1} << 32})
                for (const int64_t step : {-1, 0, 1}) values.push_back((base_value + static_cast<uint64_t>(step)) ^ high);
      for (const uint64_t a : values)
        for (const uint64_t b : values)
          for (const uint32_t arch : {native_arch, other_arch}) {
            const std::vector<uint64_t> arguments{a, b, b, a, b, a};
            const uint32_t got = answer(program, arch, number, arguments).verdict, wanted = expected(policy, arch, number, arguments);
            if (got != wanted) FAIL("call " << number << " of " << arch << " with " << a << ", " << b << ": " << got << ", not " << wanted);
          }
    }
  }
}

Answer ask(const char* call, std::initializer_list<uint64_t> arguments = {}, Variant variant = {}) {
  const std::vector<uint64_t> list(arguments);
  return answer(built_in(variant).program, native_arch, *number_of(call), list);
}

}  // namespace

TEST_CASE("a compiled filter answers as its policy says") {
  for (const bool nested : {false, true})
    for (const bool bits : {false, true}) compare(default_policy({nested, bits}));
}

TEST_CASE("every comparison, in 64 bits and in 32") {
  for (const auto op : {Test::Op::equal, Test::Op::not_equal, Test::Op::less, Test::Op::less_equal, Test::Op::greater, Test::Op::greater_equal, Test::Op::masked})
    for (const uint64_t value : {uint64_t{0}, uint64_t{5}, uint64_t{0xffffffff}, uint64_t{1} << 32, (uint64_t{7} << 32) + 5, ~uint64_t{0}})
      for (const bool narrow : {false, true}) {
        Policy policy;
        policy.abis.emplace_back().calls[3] = {{{{1, op, value, 0xf0000000f, narrow}, {0, Test::Op::not_equal, 9, 0, false}}, SECCOMP_RET_LOG}, {{}, refuse(EPERM)}};
        compare(policy);
      }
}

TEST_CASE("the default filter") {
  CHECK(ask("read").verdict == SECCOMP_RET_ALLOW);
  CHECK(ask("clone3").verdict == refuse(ENOSYS));
  CHECK(ask("clone", {CLONE_NEWUSER}).verdict == refuse(EPERM));
  CHECK(ask("clone", {CLONE_NEWUSER}, {true, false}).verdict == SECCOMP_RET_ALLOW);
  CHECK(ask("clone", {CLONE_VM | CLONE_FS | SIGCHLD}).verdict == SECCOMP_RET_ALLOW);
  CHECK(ask("unshare", {CLONE_FILES}).verdict == SECCOMP_RET_ALLOW);
  CHECK(ask("unshare", {0x80}).verdict == refuse(EPERM));
  CHECK(ask("socket", {AF_INET, SOCK_STREAM, 0}).verdict == SECCOMP_RET_ALLOW);
  CHECK(ask("socket", {AF_INET, 10, 0}).verdict == refuse(EAFNOSUPPORT));
  for (const uint64_t family : {uint64_t{AF_VSOCK}, uint64_t{AF_ALG}, uint64_t{AF_PACKET}}) CHECK(ask("socket", {family, SOCK_STREAM, 0}).verdict == refuse(EAFNOSUPPORT));
  for (const char* call : {"bpf", "mount", "perf_event_open", "userfaultfd", "setns"}) CHECK(ask(call).verdict == refuse(EPERM));
  for (const char* call : {"io_uring_setup", "keyctl", "modify_ldt", "openat2"}) CHECK(ask(call).verdict == refuse(ENOSYS));
  CHECK(ask("fchmodat", {0, 0, 04755}).verdict == refuse(EPERM));
  CHECK(ask("fchmodat", {0, 0, 04755}, {false, true}).verdict == SECCOMP_RET_ALLOW);
  // x32: a kernel may have it. No program may come by a number that has two meanings.
  for (const bool nested : {false, true})
    for (uint32_t number = 0; x32_bit && number < 1024; number++) CHECK(answer(built_in({nested, true}).program, native_arch, x32_bit | number).verdict == refuse(ENOSYS));
}

TEST_CASE("numbers that a profile does not know") {
  const auto ask_profile = [](const std::string& action, uint32_t number) {
    nsbox::Findings findings;
    findings.files.emplace_back().text = "{\"defaultAction\": \"" + action + "\", \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";
    const auto profile = nsbox::load_profile(findings, 0);
    REQUIRE(profile);
    return answer(compile(nsbox::policy_of(*profile, nsbox::Security{})), native_arch, number).verdict;
  };
  CHECK(ask_profile("SCMP_ACT_ERRNO", *number_of("read")) == SECCOMP_RET_ALLOW);
  CHECK(ask_profile("SCMP_ACT_ERRNO", *number_of("bpf")) == refuse(EPERM));
  CHECK(ask_profile("SCMP_ACT_ERRNO", 1000) == refuse(ENOSYS));
  CHECK(ask_profile("SCMP_ACT_KILL_PROCESS", 1000) == SECCOMP_RET_KILL_PROCESS);
  for (const char* action : {"SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"})  // an architecture that is not listed
    if (x32_bit) CHECK(ask_profile(action, x32_bit | *number_of("read")) == refuse(ENOSYS));
}

TEST_CASE("the programs that were built in are those that are made now") {
  for (const bool nested : {false, true})
    for (const bool bits : {false, true}) {
      const BuiltIn built = built_in({nested, bits});
      CHECK(hash_of(built.program) == built.hash);
      CHECK(hash_of(compile(default_policy({nested, bits}))) == built.hash);
    }
}
