# SPDX-License-Identifier: MIT
"""Callers that have nearly nothing: few descriptors, no processes, no namespaces, no /proc, little memory,
closed standard files, blocked and ignored signals. It works as ever, or one message says why not."""
import os, resource, signal, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

CLONE_NEWUSER = 0x10000000
SPEC = PROBE + "  - {type: tmpfs, target: /tmp}\n  - {type: file, target: /etc/x, content: x}\n"


def poor(t, before, words="(E"):
    """True when it worked; else what was said must be one line, with its hint."""
    result = t.up(SPEC, "/probe", "exit", "0", before=before, timeout=10)
    if result.status == 0:
        return True
    lines = [line for line in result.err.splitlines() if not line.startswith("    ")]
    check(result.status == 125 and len(lines) == 1 and words in lines[0], f"one message with '{words}'", result)
    return False


def limit(which, value):
    return lambda: resource.setrlimit(which, (value, value))


def inside(t, do):
    """A hook that does something in a user namespace of its own, with a mount namespace."""
    uid = t.uid

    def before():
        libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: the change of ids has made /proc/self root's
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
            os._exit(99)
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {uid} 1")):
            with open("/proc/self/" + file, "w") as opened:
                opened.write(text)
        do()
    return before


@test()
def few_descriptors(t):
    worked = [number for number in (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 64) if poor(t, limit(resource.RLIMIT_NOFILE, number))]
    check(64 in worked and worked == [number for number in (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 64) if number >= worked[0]], "what works with some works with more", worked)


@test(callers=("user",))
def no_more_processes(t):
    err = t.up(SPEC, "/probe", before=limit(resource.RLIMIT_NPROC, 0), timeout=10)
    check(err.status == 125 and "clone3" in err.err and "EAGAIN" in err.err and "ulimit -u" in err.err, "message", err)


@test()
def no_more_namespaces(t):
    for kind in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
        def none():
            with open(f"/proc/sys/user/max_{kind}_namespaces", "w") as file:
                file.write("0")
        check(not poor(t, inside(t, none)), f"without {kind} namespaces it can't work")


@test()
def no_proc(t):
    check(not poor(t, inside(t, lambda: libc.mount(b"none", b"/proc", b"tmpfs", 0, None)), "is not the kernel's proc"), "without /proc it can't work")


@test()
def another_proc(t):
    """A part of the kernel's is not the kernel's."""
    for source in (b"/proc/sys", b"/proc/self"):
        result = inside(t, lambda: libc.mount(source, b"/proc", None, 4096, None))
        check(not poor(t, result, "is not the kernel's proc"), "it can't work", source)


@test()
def little_memory(t):
    sizes = [1 << shift for shift in range(20, 28)] + [number << 18 for number in range(10, 40)]
    worked = [size for size in sorted(sizes) if started(t, size) and poor(t, limit(resource.RLIMIT_AS, size))]
    check(worked and worked[-1] == max(sizes), "128 MiB are enough", worked)


def started(t, size):
    """Below, the kernel or the C library ends the program before it is its own master."""
    return t.run([t.nsbox, "version"], before=limit(resource.RLIMIT_AS, size), timeout=10).status in (0, 125)


@test()
def closed_standard_files(t):
    for closed in range(8):
        def close():
            for fd in range(3):
                if closed >> fd & 1:
                    os.close(fd)
        result = t.up(SPEC, "/probe", before=close, timeout=10)
        equal(result.status, 0, f"closed {closed:03b}: {result}")
        if not closed & 2:
            equal(result.json()["fds"], [0, 1, 2], f"closed {closed:03b}")


@test()
def signals_blocked_and_ignored(t):
    every = set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP}

    def ignore():
        for number in every:
            signal.signal(number, signal.SIG_IGN)
    for before in (lambda: signal.pthread_sigmask(signal.SIG_BLOCK, every), ignore):
        result = t.up(SPEC, "/probe", before=before, timeout=10)
        equal(result.status, 0, str(result))
        seen = result.json()
        equal((int(seen["sigblk"], 16), int(seen["sigign"], 16)), (0, 0))


@test()
def many_descriptors(t):
    def inherit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))
        for _ in range(1000):
            os.set_inheritable(os.open("/", os.O_RDONLY), True)
    result = t.up(SPEC, "/probe", before=inherit, timeout=10, close_fds=False)
    equal(result.json()["fds"], [0, 1, 2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
