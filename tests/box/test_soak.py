# SPDX-License-Identifier: MIT
"""Many launches in a row: what the host has is the same before and after. NSBOX_LONG=1 makes ten
thousand of them, and a thousand commands in one named sandbox."""
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

LONG = bool(os.environ.get("NSBOX_LONG"))


def host():
    """Counts that must not grow. Of processes nsbox's own, since others come and go."""
    processes = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            name, rest = open(f"/proc/{pid}/stat").read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if ("nsbox" in name or "probe" in name) and (state, parent) != ("Z", "1"):  # those are init's to clear, in its own time
            processes.append(f"{name} {state}")
    cgroups = sum(len(folders) for _, folders, _ in os.walk("/sys/fs/cgroup"))
    objects = [len(open("/proc/sysvipc/" + kind).readlines()) for kind in ("shm", "sem", "msg")]
    return {"mounts": len(open("/proc/self/mountinfo").readlines()), "processes": sorted(processes), "cgroups": cgroups, "objects": objects,
            "keys": len(open("/proc/keys").readlines()) if os.path.exists("/proc/keys") else 0, "loop devices": sorted(each for each in os.listdir("/sys/block") if os.path.exists(f"/sys/block/{each}/loop/backing_file"))}


def settled(before):
    """The kernel takes a moment to clear namespaces away."""
    for _ in range(500):
        now = host()
        if now == before:
            break
        time.sleep(0.02)
    return now


@test()
def launches_in_a_row(t):
    spec = t.spec(PROBE + "  - {type: tmpfs, target: /tmp}\n  - {type: dev, target: /dev}\nhostname: soak\nprocess: {command: [/probe, exit, '0']}\n")
    t.run([t.nsbox, "plan", "--out", t.path("plan"), spec])
    t.up(spec)
    before = host()
    for number in range(10000 if LONG else 20 if SANITIZED or SLOW > 1 else 200):
        result = t.up(t.path("plan") if number % 2 else spec)
        check(result.status == 0, f"launch {number}", result)
    equal(settled(before), before)


@test()
def commands_in_one_sandbox(t):
    if t.root:
        libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, b"mode=755")
    os.environ["XDG_RUNTIME_DIR"] = t.mkdir("run", 0o700)
    named = lambda *words: t.run([t.nsbox, *words])
    try:
        check(named("up", "-d", "--name", "soak", t.spec(PROBE + "process: {command: [/probe, sleep, '100000']}\n")).status == 0, "up -d")
        supervisor = json.loads(named("inspect", "soak").out)["supervisor"]

        def size():
            status = open(f"/proc/{supervisor}/status").read()
            return {"descriptors": len(os.listdir(f"/proc/{supervisor}/fd")), "memory": int(status.split("VmRSS:")[1].split()[0])}
        for number in range(5):
            named("exec", "soak", "--", "/probe", "exit", "0")
        before, around = size(), host()
        for number in range(1000 if LONG else 10 if SANITIZED or SLOW > 1 else 60):
            check(named("exec", "soak", "--", "/probe", "exit", "0").status == 0, f"exec {number}")
        after = size()
        equal(after["descriptors"], before["descriptors"], "descriptors of the supervisor")
        check(after["memory"] <= before["memory"] + 256, "memory of the supervisor in kB", before, after)
        equal(settled(around), around)
    finally:
        named("down", "--all", "--timeout", "0")
        if t.root:
            libc.umount2(b"/run", 2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
