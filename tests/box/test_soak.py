# SPDX-License-Identifier: MIT
"""Many launches in a row: what the host has is the same before and after. NSBOX_LONG=1 makes ten
thousand of them, and a thousand commands in one named sandbox."""
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

LONG = bool(os.environ.get("NSBOX_LONG"))


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
    own_states(t)
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
