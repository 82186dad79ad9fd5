// SPDX-License-Identifier: MIT
// What this machine does not refuse is refused by invented ones: the sentences of failed launches.
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include <doctest/doctest.h>

#include "cli/explain.hpp"

using namespace nsbox;

namespace {

struct Failed {
  Plan plan;
  LaunchResult result;
  HostFacts facts;

  Failed() {
    plan.files = {"box.yaml"};
    plan.origins.push_back({{0, 3, 5}, "/mounts/0"});
    result.call = "clone3";
    result.error = EPERM;
  }
  LaunchSentence sentence() { return sentence_of(plan, result, facts); }
};

Failed failed_clone(uint64_t flags) {
  Failed out;
  out.plan.clone.step.flags = flags;
  out.result.step = out.plan.clone_number();
  return out;
}

template <class Step>
Failed failed_step(Step step, const char* call, int error) {
  Failed out;
  out.plan.child.push_back({step, Stage::mounts, 1});
  out.result.step = out.plan.first_of_child();
  out.result.call = call;
  out.result.error = error;
  return out;
}

}  // namespace

TEST_CASE("user namespaces that are switched off") {
  Failed off = failed_clone(CLONE_NEWUSER | CLONE_NEWNS);
  off.facts.probe_user_namespaces = [] { return UserNamespaceFacts{false, "user.max_user_namespaces = 0", "as root: sysctl user.max_user_namespaces=15000"}; };
  const LaunchSentence sentence = off.sentence();
  CHECK(sentence.what == "step 1 of 1, clone 'user mount': clone3: Operation not permitted (EPERM)");
  CHECK(sentence.hint == "user.max_user_namespaces = 0: as root: sysctl user.max_user_namespaces=15000");

  Failed chroot = failed_clone(CLONE_NEWUSER);
  chroot.facts.probe_user_namespaces = [] { return UserNamespaceFacts{true, "", ""}; };
  CHECK(chroot.sentence().hint.find("chroot") != std::string::npos);

  Failed unknown = failed_clone(CLONE_NEWUSER);
  CHECK(unknown.sentence().hint == "");  // nothing is proved, so nothing is said
}

TEST_CASE("a launcher without privilege") {
  Failed plain = failed_clone(CLONE_NEWNS);
  CHECK(plain.sentence().hint.find("CAP_SYS_ADMIN") != std::string::npos);
}

TEST_CASE("a masked /proc") {
  Failed masked = failed_step(NewFs{Slot::first, "proc", nullptr, {}, 0}, "fsmount", EPERM);
  masked.facts.probe_mounts = [] { return std::vector<MountFact>{{"/", "overlay"}, {"/proc", "proc"}, {"/proc/kcore", "tmpfs"}, {"/proc/sys", "proc"}}; };
  const LaunchSentence sentence = masked.sentence();
  CHECK(sentence.place == "box.yaml:3:5");
  CHECK(sentence.pointer == "mounts[0]");
  CHECK(sentence.hint.find("/proc/kcore, /proc/sys") != std::string::npos);
  CHECK(sentence.hint.find("systempaths=unconfined") != std::string::npos);
  Failed closed = failed_step(WriteSysctl{"user/max_user_namespaces", "0"}, "openat2", EXDEV);
  closed.facts = masked.facts;
  CHECK(closed.sentence().hint.find("/proc/kcore, /proc/sys") != std::string::npos);
  closed.facts = HostFacts{};
  CHECK(closed.sentence().hint == "");
  masked.facts = HostFacts{};
  CHECK(masked.sentence().hint.find("host's root") != std::string::npos);
}

TEST_CASE("below a filter") {
  Failed refused = failed_step(SetHostname{"x"}, "sethostname", EPERM);
  CHECK(refused.sentence().hint == "");
  refused.facts.filtered = [] { return true; };
  CHECK(refused.sentence().hint.find("which may be what refuses") != std::string::npos);
  refused.result.error = ENOSYS;
  CHECK(refused.sentence().hint.find("which answers so") != std::string::npos);
  refused.result.error = ENOMEM;
  CHECK(refused.sentence().hint == "");
}

TEST_CASE("ends without a word") {
  Failed killed = failed_step(SetHostname{"x"}, "", 0);
  killed.result.call.clear();
  killed.result.died_of = 9;
  CHECK(killed.sentence().what == "step 2 of 2, sethostname 'x': the sandbox's process was ended by SIGKILL");
}

TEST_CASE("the kernel's own words and names are escaped") {
  Failed odd = failed_step(SetHostname{"a\x1b[31m"}, "sethostname", EPERM);
  CHECK(odd.sentence().what.find('\x1b') == std::string::npos);
}
