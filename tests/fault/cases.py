# SPDX-License-Identifier: MIT
"""From a recorded launch to the faults that are tried: which call can be made to fail, and how."""
import errno, itertools, signal

# Calls that have no way to fail, or end the process; and futex, which the C library itself takes for the end of the
# world when it gives an error that the kernel never gives.
NEVER = set("getpid gettid getppid getuid geteuid getgid getegid umask exit exit_group rt_sigreturn restart_syscall sched_yield futex".split())
MEMORY = "brk mmap mremap mprotect execve execveat clone clone3 fork vfork unshare setns fsopen fsmount memfd_create"
FILES = "open openat openat2 open_tree socket socketpair pipe pipe2 dup dup2 pidfd_open signalfd4 epoll_create1 eventfd2 memfd_create fsopen fsmount landlock_create_ruleset accept4"
DATA = "read write pread64 pwrite64 readv writev close recvfrom recvmsg sendto sendmsg sendfile getdents64 readlink readlinkat fsync"
FORK = "clone clone3 fork vfork unshare"
FOLDERS = "mkdir mkdirat mknod mknodat symlink symlinkat clone3 unshare"
ERRORS = {
    "EPERM": None,  # every call
    "EMFILE": FILES, "ENOMEM": MEMORY, "EIO": DATA, "EAGAIN": FORK, "ENOSPC": FOLDERS,
    "EINTR": None, "ENOSYS": None,
}
SHORT = set("read write pread64 pwrite64 sendfile".split())
ZERO = set("write pwrite64 sendfile recvfrom recvmsg sendmsg".split())  # of a file that is read, 0 is the end
# There are filters that answer 0 to these and do nothing, so that a build by an ordinary user believes itself root.
LIES = set("setresuid setresgid setgroups capset fchown fchownat mknodat".split())
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}


class Case:
    def __init__(self, scenario, kind, who, call, nth, words):
        self.scenario, self.kind, self.who, self.call, self.nth, self.words = scenario, kind, who, call, nth, words

    @property
    def name(self):
        return f"{self.scenario}:{self.kind}:{self.who}:{self.call}:{self.nth}"

    @property
    def is_signal(self):
        return self.kind.startswith("SIG")


def ways(call):
    """(kind, inject's words) of every way to spoil it."""
    if call not in NEVER:
        for kind, calls in ERRORS.items():
            if calls is None or call in calls.split():
                yield kind, ["error", str(getattr(errno, kind))]
    if call in SHORT:
        yield "short", ["short", "0"]
    if call in ("brk", "mmap"):
        yield "memory", ["memory", "0"]
    if call in ZERO:
        yield "zero", ["zero", "0"]
    if call in LIES:
        yield "lie", ["zero", "0"]
    for kind, number in SIGNALS.items():
        yield kind, ["signal", str(int(number))]
    yield "SIGSTOP", ["stop", "0"]


def cases_of(scenario, record, first_call):
    """`record`: inject's lines. Errors begin at the launcher's first own call: what comes before is the C library's
    start; a kill can come at any time."""
    seen, own, cases = {}, False, []
    for line in record:
        words = line.split()
        if len(words) != 2 or words[0] in ("exit", "signal", "executed"):
            continue
        who, call = words
        own = own or call == first_call
        nth = seen[who, call] = seen.get((who, call), 0) + 1
        for kind, words in ways(call):
            if own or kind.startswith("SIG"):
                cases.append(Case(scenario, kind, who, call, nth, [who, call, str(nth), *words]))
        own = own and call != "execveat"  # of the sealed copy of itself, which starts as the first did
    return cases


def sample(cases, count):
    """About so many, the same each time: of every kind and call of every process something, then every n-th."""
    cases = sorted(cases, key=lambda case: (case.kind, case.who, case.call, case.nth))
    step = max(1, len(cases) / count) if count else 1
    return [cases[int(at)] for at in itertools.takewhile(lambda at: at < len(cases), (number * step for number in itertools.count()))]
