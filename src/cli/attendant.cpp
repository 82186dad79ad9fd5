// SPDX-License-Identifier: MIT
// Over the usual length: it is one process, from its first call to its last.
#include "cli/attendant.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/text.hpp"
#include "box/control.hpp"
#include "box/exec_plan.hpp"
#include "box/log.hpp"
#include "box/states.hpp"
#include "cli/log.hpp"
#include "cli/named.hpp"
#include "cli/output.hpp"
#include "plan/describe.hpp"
#include "run/state.hpp"

namespace nsbox {
namespace {

/// Everything but these, and 0 to 2, is the caller's affair.
bool close_others(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int fd : kept) {
    if (fd < static_cast<int>(next)) continue;
    if (static_cast<unsigned>(fd) > next && sys::close_range(next, static_cast<unsigned>(fd) - 1, 0) < 0) return false;
    next = static_cast<unsigned>(fd) + 1;
  }
  return sys::close_range(next, ~0u, 0) == 0;
}

std::vector<int> passed(const Plan& plan) {
  for (const auto& entry : plan.prepare)
    if (const auto* step = std::get_if<CheckPassed>(&entry.step)) return {step->fds.begin(), step->fds.end()};
  return {};
}

/// Empty with errno, and the call that failed.
Fd sealed(const std::string& bytes, const char*& call) {
  call = "memfd_create";
  Fd file = Fd::adopt(memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return {};
  call = "write";
  if (!sys::write_all(file.number(), bytes.data(), bytes.size())) return {};
  call = "fcntl";
  if (fcntl(file.number(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) return {};
  return file;
}

constexpr size_t most_waiting = 64;  // who comes later is told that it can't wait, not that all is well

/// The supervisor: from the fork on.
class Attendant {
 public:
  Attendant(Detached& sandbox, const box::States& states, Fd entry, Fd client, const Arguments& arguments, const Outputs& outputs)
      : sandbox_(sandbox), plan_(sandbox.plan), states_(states), entry_(std::move(entry)), client_(std::move(client)), log_(entry_), arguments_(arguments), outputs_(outputs) {}

  [[noreturn]] void run() {
    umask(077);
    if (setsid() < 0) give_up(fail("a session of its own: " + because("setsid")));
    // What the command leaves behind comes to this process.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) give_up(fail("the children of its children: " + because("prctl")));
    stop_log();                        // its file is closed below
    std::vector<int> kept = passed(plan_);
    for (const int fd : {states_.folder.number(), entry_.number(), client_.number(), outputs_.report.number(), outputs_.status}) kept.push_back(fd);
    if (!close_others(std::move(kept))) give_up(fail("the caller's descriptors: " + because("close_range")));

    const std::string problem = prepare();
    if (!problem.empty()) give_up(fail(problem));
    LaunchOptions options;
    const std::string init_title = process_title(plan_.name, "init");
    options.title = rename_process(process_title(plan_.name, "supervisor"));
    options.inner_title = init_title;
    options.times = arguments_.has("timings") || arguments_.has("report");
    options.namespaces = true;
    options.detached = true;
    if (plan_.supervision.terminal != TerminalKind::fresh) {
      options.stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
      options.stdio[1] = options.stdio[2] = writing_.release();
      if (options.stdio[0] < 0) give_up(fail("/dev/null: " + because("open")));
    }
    std::vector<Watch> watches;
    watches.push_back({reading_.number(), [&](Reins&) { read_output(); }});
    watches.push_back({control_.number(), [&](Reins& reins) { read_request(reins); }});
    watches.push_back({client_.number(), [&](Reins& reins) {  // the client says nothing: it is gone
                         watches[2].fd = -1;
                         if (!ready_) reins.stop(0);
                       }});
    options.watches = &watches;
    options.output = [&](const char* bytes, size_t size) { log_.write({bytes, size}); };
    options.open_shared = open_shared_of;
    options.on_executed = [&](const LaunchResult& so_far, pid_t pid, Reins& reins) {
      executed(so_far, pid, reins);
      if (!plan_.supervision.notify) ready(watches[2], reins);
    };
    options.on_notice = [&](std::string_view lines, Reins& reins) {
      if (says_ready(lines)) ready(watches[2], reins);
    };
    const LaunchResult result = launch(plan_, options);
    end(result);
  }

 private:
  std::string prepare() {
    if (!box::hold(entry_)) return "the lock of '" + plan_.name + "': " + because("fcntl");
    held_ = tell({Told::Kind::held, 0});
    if (!held_) return "the client: " + because("sendto");
    for (size_t i = 0; i < box::limit_count; i++)
      if (getrlimit(static_cast<__rlimit_resource>(i), &known_.limits[i]) < 0) return "the caller's limits: " + because("prlimit64");
    bytes_ = save_plan(plan_, sandbox_.made_for);
    state_.set("plan_sha256", Node::scalar(plan_hash(bytes_)));
    const char* call = "";
    recorded_ = sealed(bytes_, call);
    if (!recorded_) return "the plan's copy: " + because(call);
    control_ = box::make_control(entry_, call);
    if (!control_) return "the control socket: " + because(call);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return "the log: " + because("pipe2");
    reading_ = Fd::adopt(ends[0]);
    writing_ = Fd::adopt(ends[1]);
    if (fcntl(reading_.number(), F_SETFL, O_NONBLOCK) < 0) return "the log: " + because("fcntl");
    // Without these nobody would believe the state.
    const uint64_t start_time = box::start_time_of(getpid());
    const std::string boot = box::boot_id();
    if (!start_time || boot.size() != 36) return "its own start time and the boot's id in /proc: " + because("read");
    if (!log_.write("") || !box::write_file(entry_, "spec.json", to_json(sandbox_.effective) + "\n")) return "the state folder: " + because("write");
    state_.set("state_version", Node::number(box::state_version));
    state_.set("name", Node::scalar(plan_.name));
    state_.set("status", Node::scalar("starting"));
    state_.set("spec", Node::scalar(sandbox_.spec));
    state_.set("created", Node::scalar(box::time_text(box::realtime_now())));
    state_.set("supervisor", Node::number(getpid()));
    state_.set("start_time", Node::number(static_cast<int64_t>(start_time)));
    state_.set("stop_timeout_ns", Node::number(plan_.supervision.stop_timeout_ns));
    state_.set("boot_id", Node::scalar(boot));
    return write_state() ? "" : "the state folder: " + because("write");
  }

  /// What this process is called in `ps`: the words of its command line are written over, and those
  /// of the environment behind them, of which a copy is made.
  std::span<char> rename_process(const std::string& name) {
    const std::span<char> line = command_line(arguments_);
    char* end = line.data() + line.size();
    for (char** each = environ; *each; each++) {
      if (*each == end) end += strlen(*each) + 1;
      *each = strdup(*each);
    }
    const std::span<char> room(line.data(), end);
    write_title(room.data(), room.size(), name.c_str());
    prctl(PR_SET_NAME, ("nsbox: " + plan_.name).c_str(), 0, 0, 0);  // of 15 characters: pid 1 has the same
    return room;
  }

  bool write_state() { return box::write_file(entry_, "state.json", to_json(state_) + "\n"); }
  bool tell(Told told) { return ::send(client_.number(), &told, sizeof told, MSG_NOSIGNAL) == sizeof told; }

  [[noreturn]] void give_up(int status) {
    // Nothing was executed: nothing is left. (Before the name was held, that is the client's affair,
    // who has the guard.) The name stays held until the end of this process.
    if (held_)
      if (const box::Guard guard(states_); guard) box::remove_entry(states_, plan_.name);
    tell({Told::Kind::failed, status});
    _exit(status);
  }

  void read_output() {
    char buffer[16384];
    for (;;) {
      const ssize_t n = read(reading_.number(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      log_.write({buffer, static_cast<size_t>(n)});
    }
  }

  void read_request(Reins& reins) {
    box::read_control(control_, [&](const box::Request& request, int reply) {
      const bool stop = request.kind == box::Request::Kind::stop;
      if (request.kind == box::Request::Kind::wait) {
        if (waiting_.size() < most_waiting) waiting_.push_back(Fd::adopt(fcntl(reply, F_DUPFD_CLOEXEC, 3)));
        return;
      }
      box::send_answer(reply, known_, stop || !executed_ ? -1 : recorded_.number(), *shared_);
      if (!stop) return;
      stopped_early_ = !ready_;
      state_.set("status", Node::scalar("stopping"));
      write_state();
      reins.stop(request.timeout_ns < 0 ? reins.stop_timeout_ns : request.timeout_ns);
    });
  }

  void executed(const LaunchResult& so_far, pid_t pid, Reins& reins) {
    executed_ = true;
    known_.looked_up = so_far.looked_up;
    shared_ = &so_far.shared;  // which lives as long as the launch does
    if (!plan_.supervision.notify) state_.set("status", Node::scalar("running"));
    state_.set("pid", Node::number(pid));
    state_.set("namespaces", namespaces_node(so_far));
    Node fresh = Node::list();
    for (const NsInfo& each : ns_types)
      if (plan_.clone.step.flags & each.flag || (each.type == NsType::time && new_time())) fresh.items.push_back(Node::scalar(std::string(each.name)));
    state_.set("new_namespaces", std::move(fresh));
    if (!write_state()) return break_off(reins, "the state folder: " + because("write"));
    if (arguments_.has("timings")) print_timings(plan_, so_far);
    outputs_.executed(so_far, pid);
  }

  /// The client is told, and what was the caller's is let go. With `notify` the command says when.
  void ready(Watch& client, Reins& reins) {
    if (ready_ || broken_) return;
    const Fd null = Fd::adopt(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return break_off(reins, "/dev/null: " + because("open"));
    if (chdir("/") < 0) return break_off(reins, "/: " + because("chdir"));
    if (plan_.supervision.notify && text_of(state_, "status") == "starting") {
      state_.set("status", Node::scalar("running"));
      if (!write_state()) return break_off(reins, "the state folder: " + because("write"));
    }
    ready_ = true;
    client.fd = -1;
    if (plan_.supervision.notify) outputs_.ready();
    for (int fd = 0; fd < 2; fd++)
      if (dup2(null.number(), fd) < 0) return break_off(reins, "/dev/null: " + because("dup2"));
    if (!tell({Told::Kind::executed, 0})) return break_off(reins, "the client: " + because("sendto"));  // it would wait for ever
    client_.reset();
    notify_caller("READY=1\nMAINPID=" + std::to_string(getpid()) + "\n");
    if (dup2(null.number(), 2) < 0) close(2);  // nobody is left to be told, and it must not stay the caller's
    for (const int fd : passed(plan_)) close(fd);
  }

  /// Nobody could find it: it ends, and the client is told so.
  void break_off(Reins& reins, const std::string& problem) {
    fail(problem);
    broken_ = true;
    reins.stop(0);
  }

  bool new_time() const {
    return std::any_of(plan_.child.begin(), plan_.child.end(), [](const auto& entry) { return std::holds_alternative<NewTimeNamespace>(entry.step); });
  }

  /// Without a pid namespace nobody else ends what the command has left behind.
  void end_descendants() {
    const std::string list = "/proc/self/task/" + std::to_string(getpid()) + "/children";
    for (;;) {
      while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
      }
      const Fd file = Fd::adopt(open(list.c_str(), O_RDONLY | O_CLOEXEC));
      char text[4096] = "";
      if (!file || read(file.number(), text, sizeof text - 1) <= 0) return;
      for (char* at = text; *at;) {
        const pid_t pid = static_cast<pid_t>(strtol(at, &at, 10));
        if (pid > 0) kill(pid, SIGKILL);  // a child of this process: its number is not given away before it is waited for
        while (*at == ' ') at++;
      }
      waitpid(-1, nullptr, __WALL);
    }
  }

  [[noreturn]] void end(const LaunchResult& result) {
    end_descendants();
    if (broken_) give_up(failed_status);
    LaunchSentence sentence;
    if (!result.executed) sentence = sentence_of(plan_, result, sandbox_.facts);
    Node node = account(plan_, result, result.executed ? nullptr : &sentence);
    if (outputs_.report || outputs_.status >= 0) outputs_.end(node, result.executed);
    if (!result.executed) {
      if (stopped_early_) fail("'" + plan_.name + "' was asked to end before its command was executed");
      else print_failure(sentence);
      give_up(result.exit_status());
    }
    read_output();
    log_.write("");  // what was lost, if there is room again
    node.erase("steps");
    state_.set("status", Node::scalar("ended"));
    state_.set("ended", Node::scalar(box::time_text(box::realtime_now())));
    state_.set("report", std::move(node));
    write_state();
    known_.status = result.exit_status();
    if (!ready_) {
      fail("'" + plan_.name + "' " + (stopped_early_ ? "was asked to end" : "ended with status " + std::to_string(known_.status)) + " before its command was ready; 'nsbox logs " + plan_.name + "' has its output");
      tell({Told::Kind::failed, known_.status ? known_.status : failed_status});
    }
    for (const Fd& each : waiting_) box::send_answer(each.number(), known_, -1, none_);
    _exit(0);
  }

  Detached& sandbox_;
  Plan& plan_;
  const box::States& states_;
  Fd entry_, client_;
  box::LogWriter log_;
  const Arguments& arguments_;
  const Outputs& outputs_;
  Node state_ = Node::map();
  std::string bytes_;
  Fd recorded_, control_, reading_, writing_;
  box::Known known_;
  const std::array<Fd, shared_count> none_;
  const std::array<Fd, shared_count>* shared_ = &none_;
  std::vector<Fd> waiting_;  // where `wait` is answered
  bool held_ = false, executed_ = false, ready_ = false, stopped_early_ = false, broken_ = false;
};

}  // namespace

void attend(Detached& sandbox, const box::States& states, Fd entry, Fd client, const Arguments& arguments, const Outputs& outputs) {
  Attendant(sandbox, states, std::move(entry), std::move(client), arguments, outputs).run();
}

}  // namespace nsbox
