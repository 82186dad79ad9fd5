# SPDX-License-Identifier: MIT
"""Saved plans: `plan --out`, `up` and `show` of the file, and everything that makes one be refused."""
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *


def saved(t, text=PROBE, name="plan", *more):
    spec = t.spec(text)
    result = t.run([t.nsbox, "plan", "--out", t.path(name), spec, *more])
    check(result.status == 0 and "steps" in result.out, "plan --out", result)
    return t.path(name)


@test()
def runs_as_the_specification_does(t):
    for text in (PROBE, PROBE + "hostname: saved\nid_maps: keep\nsecurity: {seccomp: {deny: [sync]}, capabilities: [CHOWN]}\nprocess: {env: {A: b}, cwd: /proc, rlimits: {nofile: 100}}\nallow_warnings: {host-root: a test}\n"):
        plan = saved(t, text)
        seen = [t.see(path, "/probe") for path in (t.path("spec.yaml"), plan)]
        for each in seen:
            each.pop("namespaces", None)
        same = {key for key in seen[0] if seen[0][key] == seen[1][key]}
        check(set(seen[0]) - same <= {"mountinfo", "mounts", "pids"}, "differs", *((key, seen[0][key], seen[1][key]) for key in set(seen[0]) - same))
    equal(t.run([t.nsbox, "show", plan]).out, t.run([t.nsbox, "plan", t.path("spec.yaml")]).out, "show")
    equal(t.run([t.nsbox, "show", "--format", "json", plan]).json()["steps"], t.run([t.nsbox, "plan", "--format", "json", t.path("spec.yaml")]).json()["steps"], "as JSON")
    equal(os.stat(plan).st_mode & 0o777, 0o600, "mode")
    equal(sorted(os.listdir(t.folder)), ["plan", "spec.yaml"], "what is left")


@test()
def another_command_and_name(t):
    plan = saved(t, PROBE + "process: {command: [/probe, args, first]}\n")
    equal(t.up(plan).out, "first\n")
    equal(t.up(plan, "/probe", "args", "a b", "--", "-x").out, "a b\n--\n-x\n")
    report = t.path("report")
    equal(t.up(plan, args=("--name", "other", "--report", report)).status, 0)
    equal(json.load(open(report))["name"], "other")
    check("has no command" in t.sentence(saved(t, PROBE)), "no command")


@test()
def refused(t):
    plan = saved(t, PROBE + "process: {command: [/probe, args, ran]}\n")
    good = open(plan, "rb").read()
    check("--set is for a specification" in t.sentence(plan, args=("--set", "A=b")), "--set")
    os.chmod(plan, 0o620)
    check("can be written by others" in t.sentence(plan), "writable")
    os.chmod(plan, 0o600)
    if t.root:
        os.chown(plan, 12345, 0)
        check("belongs to another user (uid 12345)" in t.sentence(plan), "another's")
        os.chown(plan, 0, 0)
    for bytes_, words in ((good[:-1], "is damaged"), (good[:100] + b"X" + good[101:], "is damaged"), (good + b"more", "is damaged"), (good[:20], "is damaged")):
        t.write("plan", "", 0o600)
        with open(plan, "wb") as file:
            file.write(bytes_)
        check(words in t.sentence(plan), words)
    spec = t.path("spec.yaml")
    saved(t, PROBE + "process: {command: [/probe, args, ran]}\n")
    with open(spec, "a") as file:
        file.write("# a word more\n")
    err = t.sentence(plan)
    check("is stale" in err and "spec.yaml' has changed since" in err and "--stale-ok" in err, "stale", err)
    equal(t.up(plan, args=("--stale-ok",)).out, "ran\n")
    os.unlink(spec)
    check("spec.yaml' can't be looked at: No such file" in t.sentence(plan), "gone")
    check("is for a saved plan" in t.sentence(t.spec(PROBE), args=("--stale-ok",)), "--stale-ok of a specification")
    # A mistyped name must not cost the specification.
    text = open(spec).read()
    result = t.run([t.nsbox, "plan", "--out", spec, spec])
    check(result.status == 2 and "is not a saved plan" in result.err and open(spec).read() == text, "overwritten", result)
    check("it is a saved plan: 'nsbox up' runs it" in t.run([t.nsbox, "validate", plan]).err, "validate")


@test()
def a_failure_names_file_line_and_step(t):
    plan = saved(t, PROBE + "  - {type: tmpfs, target: /t, size: 1M}\n  - DIR/source:/there\n") if t.mkdir("source") else None
    os.rename(t.path("source"), t.path("was"))
    t.mkdir("source")
    err = t.sentence(plan, "/probe")
    check("spec.yaml:7:5: error: mounts[3]: step" in err and "is no longer what the plan was made for" in err, "message", err)
    err = t.sentence(plan, "/nowhere")
    check("command '/nowhere' is not in the sandbox" in err or "no longer" in err, "message", err)


@test(callers=("user",))
def ids_that_have_been_taken_away(t):
    """newuidmap says so, and what it says is shown."""
    plan = saved(t, PROBE + "id_maps: subids\n")
    equal(t.up(plan, "/probe", "exit", "0").status, 0)
    with open("/etc/subuid") as file:
        text = file.read()
    try:
        with open("/etc/subuid", "w") as file:  # the tests' own
            file.write(text.replace(":300000:", ":400000:"))
        err = t.sentence(plan, "/probe")
    finally:
        with open("/etc/subuid", "w") as file:
            file.write(text)
    check("newuidmap" in err and "not allowed" in err, "message", err)


@test(callers=("root",))
def a_source_of_the_same_number_on_another_file_system(t):
    """The root of every tmpfs has the same inode."""
    folder = t.mkdir("source").encode()
    try:
        for number in range(2):
            if number == 0:
                check(libc.mount(b"one", folder, b"tmpfs", 0, None) == 0, "mount")
                first, plan = os.stat(folder), saved(t, PROBE + "  - DIR/source:/there\n")
                equal(t.up(plan, "/probe", "exit", "0").status, 0)
            else:
                check(libc.mount(b"two", folder, b"tmpfs", 0, None) == 0, "mount")
                equal(os.stat(folder).st_ino, first.st_ino)
        err = t.sentence(plan, "/probe")
        check("is no longer what the plan was made for" in err, "message", err)
    finally:
        while libc.umount2(folder, 2) == 0:
            pass


@test()
def from_standard_input_and_for_ever_without_a_terminal(t):
    plan = t.path("plan")
    result = t.run([t.nsbox, "plan", "--out", plan, "-"], stdin=("nsbox: 1\n" + PROBE.replace("PROBE", t.probe)).encode())
    equal(result.status, 0, str(result))
    equal(t.up(plan, "/probe", "args", "x").out, "x\n")
    check("terminal none" in t.run([t.nsbox, "show", plan]).out, "terminal")


@test(callers=("user",))
def what_show_prints_says_the_same(t):
    t.mkdir("tree")
    t.write("spec.yaml", f"nsbox: 1\nmounts: [/usr, {t.folder}/tree:/t:rw, {{type: mask, target: /usr/share}}, {{type: tmpfs, target: /t/a, create: host}}, {{type: file, target: /t/f, content: x, create: host}}, {{type: proc, target: /proc}}]\nprocess: {{command: [/usr/bin/true], timeout: 1.4325ms}}\n")
    once = t.run([t.nsbox, "show", t.path("spec.yaml")])
    t.write("again.yaml", once.out)
    again = t.run([t.nsbox, "show", t.path("again.yaml")])
    equal((again.status, again.out), (0, once.out), again.err)
    check('timeout: "1.4325ms"' in once.out, "timeout", once)


sys.exit(main(sys.argv[1:]))
