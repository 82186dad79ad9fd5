# SPDX-License-Identifier: MIT
"""`audit` and the warnings of what of the host can be reached, on this host as it is."""
import os, socket, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *


def codes(result):
    return [each["code"] for each in result.json()["exposures"]]


@test()
def an_audit_as_a_gate(t):
    spec = t.spec(PROBE + "hostname: box\nprocess: {rlimits: {nproc: 100, as: 2G}}\n")
    plain = t.run([t.nsbox, "audit", "--format", "json", "--fail-below", "9.8", spec])
    equal((plain.status, codes(plain)), (0, [] if t.root else ["groups-kept"]), str(plain))
    open_spec = t.spec(PROBE + "hostname: box\nsecurity: {seccomp: off}\nallow_warnings: {no-filter: a test}\n", "open.yaml")
    result = t.run([t.nsbox, "audit", "--fail-below", "9.8", open_spec])
    check(result.status == 1 and "is below 9.8" in result.err and "accepted: a test" in result.out, "the gate", result)
    for wrong in ("11", "10.5", "-1", "7.55", "x", ""):
        equal(t.run([t.nsbox, "audit", "--fail-below", wrong, spec]).status, 2, wrong)
    check("no-filter" not in t.run([t.nsbox, "plan", open_spec]).err, "an accepted warning")


@test()
def a_socket_that_can_be_reached(t):
    """A read-only bind does not stop connect(): it is named, until it is masked."""
    path = t.path("agent")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        t.owned(path)
        env = dict(os.environ, SSH_AUTH_SOCK=path)
        spec = t.spec(PROBE + "  - DIR:/work\n")
        warned = t.run([t.nsbox, "validate", "--strict", spec], env=env)
        check(warned.status == 1 and "'/work/agent' can be reached" in warned.err and "[agent-socket]" in warned.err, "a warning", warned)
        hint = warned.err[warned.err.index("mask it: ") + 9:].splitlines()[0]
        masked = t.run([t.nsbox, "validate", "--strict", t.spec(PROBE + f"  - DIR:/work\n  - {hint}\n")], env=env)
        equal((masked.status, masked.err), (0, ""), "the hint's own words")


@test()
def hooks_and_the_home(t):
    t.mkdir("repo")
    t.mkdir("repo/.git")
    spec = t.spec(PROBE + "  - DIR/repo:/repo:rw\n")
    result = t.run([t.nsbox, "validate", spec])
    check("[writable-hooks]" in result.err, "hooks", result)
    bound = t.run([t.nsbox, "validate", t.spec(PROBE + "  - DIR/repo:/repo:rw\n  - DIR/repo/.git:/repo/.git\n")])
    check("[writable-hooks]" not in bound.err, "hooks that are bound again", bound)
    check(t.up(PROBE + "  - DIR/repo:/repo:rw\n  - DIR/repo/.git:/repo/.git\n", "/probe", "write", "/repo/.git/config", "x").out.strip() == "EROFS", "read-only")


sys.exit(main(sys.argv[1:]))
