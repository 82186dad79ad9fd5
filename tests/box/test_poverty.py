# SPDX-License-Identifier: MIT
"""Callers that have nearly nothing: few descriptors, no processes, no namespaces, no /proc, little memory,
closed standard files, blocked and ignored signals. It works as ever, or one message says why not."""
import ctypes, errno, os, resource, signal, struct, sys
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


def filtered(answers):
    """A hook that answers errors to some calls, as a container's filter does."""
    code = [(0x20, 0, 0, 0)]  # load the call's number
    for number, error in answers.items():
        if number == CLONE:  # below clone(2) are fork and threads, too: only that of namespaces
            code += [(0x15, 0, 4, number), (0x20, 0, 0, 16), (0x45, 0, 1, 0x7e020000), (6, 0, 0, 0x50000 | error), (6, 0, 0, 0x7fff0000)]
        else:
            code += [(0x15, 0, 1, number), (6, 0, 0, 0x50000 | error)]  # equal: answer; else the next
    code += [(6, 0, 0, 0x7fff0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))

    def before():
        words = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, words) != 0:  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
            os._exit(99)
    return before


OPENAT2, CLONE, CLONE3, MOUNT, UNSHARE, SETNS, OPEN_TREE, MOUNT_SETATTR = 437, 56, 435, 165, 272, 308, 428, 442
CONTAINER = {CLONE3: errno.ENOSYS, CLONE: errno.EPERM, MOUNT: errno.EPERM, UNSHARE: errno.EPERM, SETNS: errno.EPERM, OPEN_TREE: errno.EPERM}


@test()
def below_a_filter(t):
    """A container's: the message says that there is one, whatever the host has for security modules."""
    for answers, call in ((CONTAINER, "open_tree" if t.root else "clone3"), ({CLONE3: errno.EPERM}, "clone3"), ({CLONE3: errno.ENOSYS}, "clone3"), ({OPENAT2: errno.ENOSYS}, "openat2"),
                          ({MOUNT: errno.EPERM}, "mount"), ({MOUNT_SETATTR: errno.EPERM}, "mount_setattr")):
        result = t.up(SPEC, "/probe", "exit", "0", before=filtered(answers), timeout=10)
        check(result.status == 125 and call in result.err and "runs below a filter of system calls" in result.err, call, result)
    result = t.run([t.nsbox, "doctor"], before=filtered(CONTAINER), timeout=10)
    check(result.status == 1 and "FAIL  user namespaces" in result.out and "filter of system calls" in result.out, "doctor", result)


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
