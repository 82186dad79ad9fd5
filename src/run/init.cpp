// SPDX-License-Identifier: MIT
// nsbox as pid 1: reaps whatever is left over, passes on what the launcher says, tells it what
// becomes of the payload, and ends with it. Its end is the end of the pid namespace.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "run/state.hpp"

namespace nsbox {
namespace {

/// The launcher finds in the page why init could not go on.
[[noreturn]] void give_up(ChildState& state, const char* call) {
  tell_failure(*state.page, state.plan->first_of_init(), failed(call));
  _exit(125);
}

int exit_status(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return 128 + WTERMSIG(status);
}

void reap(ChildState& state, pid_t payload) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) give_up(state, "wait4");
    if (pid == 0) return;
    if (pid != payload) continue;
    if (WIFSTOPPED(status)) {
      send_record(state.channel, {Record::Kind::stopped, WSTOPSIG(status)});
    } else if (WIFCONTINUED(status)) {
      send_record(state.channel, {Record::Kind::continued, 0});
    } else {
      send_record(state.channel, {Record::Kind::exited, status});
      _exit(exit_status(status));
    }
  }
}

/// False when the launcher is gone.
bool obey(ChildState& state, pid_t payload) {
  Record record;
  const ssize_t n = recv(state.channel, &record, sizeof record, MSG_DONTWAIT);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  if (record.kind == Record::Kind::signal) {
    // A signal of a terminal goes to the whole job, as it does without a sandbox.
    const bool job = record.value == SIGCONT || record.value == SIGHUP;
    const pid_t group = getpgid(payload);
    kill(job && group == payload ? -payload : payload, record.value);
  }
  return true;
}

}  // namespace

void run_init(ChildState& state, pid_t payload) {
  // Signals from inside don't reach a pid 1 that has no handler for them; those that it waits for
  // are blocked since the launcher's start. A pid 1 that leads a session gets the hang-up of its
  // terminal, and passes it on.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  sigaddset(&wanted, SIGHUP);
  const int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) give_up(state, "signalfd4");
  if (!send_record(state.channel, {Record::Kind::executed, 0})) give_up(state, "sendmsg");
  reap(state, payload);
  for (;;) {
    struct pollfd fds[] = {{state.channel, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) {
      if (errno != EINTR) give_up(state, "poll");
      continue;
    }
    if (fds[1].revents) {
      struct signalfd_siginfo info;
      ssize_t n;
      while ((n = read(signals, &info, sizeof info)) == static_cast<ssize_t>(sizeof info)) {
        // From the kernel (a terminal's hang-up), not from a process inside.
        if (info.ssi_signo == SIGHUP && info.ssi_code > 0) kill(-1, SIGHUP);
      }
      if (n < 0 && errno != EAGAIN && errno != EINTR) give_up(state, "read");
      reap(state, payload);
    }
    if (fds[0].revents && !obey(state, payload)) _exit(125);
  }
}

}  // namespace nsbox
