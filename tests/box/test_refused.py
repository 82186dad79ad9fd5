# SPDX-License-Identifier: MIT
"""Launches below a filter that refuses a newer system call, as the filters of containers and older kernels do,
with ENOSYS or with EPERM. The sandbox has all its properties, or one message names step, call and errno; nothing
is left, and nothing hangs. Scenarios and judgement are those of `tests/fault`."""
import errno, multiprocessing, os, subprocess, sys
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "fault")]
from cases import Case
from host import in_a_host
from judge import Verdict, namespaces, promised
from lib import *
from scenarios import SCENARIOS

# What Linux has got since 4.3, and the older calls that containers refuse. Not those by which the probe looks.
CALLS = """clone3 openat2 close_range pidfd_open pidfd_send_signal faccessat2 open_tree move_mount fsopen fsconfig fsmount
    mount_setattr landlock_create_ruleset landlock_add_rule landlock_restrict_self statx memfd_create execveat getrandom rseq
    keyctl seccomp mount umount2 pivot_root setns unshare personality mknodat sched_setaffinity""".split()
# Calls that have no name here; `N+` is that number and all above, as a kernel or filter that knows no more.
NUMBERS = {"cachestat": "451", "fchmodat2": "452", "listmount": "458", "since_5.1": "424+", "since_5.8": "438+", "since_5.11": "441+", "since_6.2": "451+"}
NOBODY_S = "uselib"  # no program calls it
ERRORS = ("ENOSYS", "EPERM")
# Calls that a filter answers with 0 without making them, as one does that lets an ordinary user play root. prctl's are
# PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS.
LIES = "setresuid setresgid setgroups capset seccomp prctl(24) prctl(28) prctl(38)".split()


def tools_for(t):
    folder = t.mkdir("host")
    own = {name: shutil.copy(os.path.join(os.path.dirname(os.environ["NSBOX_PROBE"]), name), t.path(name)) for name in ("inject", "refuse")}
    return {"scratch": t.folder, "folder": folder, "nsbox": t.nsbox, "probe": t.probe, **own}


def judged(work):
    """What is wrong with a launch below that filter; "" for nothing."""
    tools, scenario, call, error, good = work
    case = Case(scenario.name, error, "every", call, 1, ["refuse", f"{NUMBERS.get(call, call)}={error}"])
    verdict = Verdict(case, in_a_host(tools, scenario, "nsbox", case.words), good)
    said = verdict.answer["err"]
    if verdict.clean and verdict.failed and verdict.status != (1 if scenario.name == "down" else 125):
        verdict.words["status"] = f"it ended with {verdict.status}"
    if verdict.clean and verdict.failed and call not in NUMBERS and call not in said and "kernel" not in said:
        verdict.words["message"] = "the call is not named"
    return "".join(f"\n{call}={error}: {kind}: {words}" for kind, words in verdict.words.items()) + ("\n" + said if verdict.words else "")


def every_call(t, scenario):
    tools = tools_for(t)
    known = in_a_host(tools, scenario, "nsbox", ["refuse", NOBODY_S])
    good = {"line": promised(known.get("out", ""), namespaces()), "namespaces": namespaces()}
    check(good["line"] and not known["err"] and not known["left"], "a launch that nothing refuses", known)
    made = {line.split()[1] for line in in_a_host(tools, scenario, "nsbox", ["record"])["report"] if len(line.split()) == 2}
    calls = [call for call in CALLS if call in made] + list(NUMBERS)  # what it does not make is refused in vain
    work = [(tools, scenario, call, error, good) for call in some(calls) for error in ERRORS]
    with multiprocessing.Pool(2) as pool:
        problems = "".join(pool.map(judged, work, 1))
    check(not problems, "refused calls", problems)


@test()
def keys_that_a_filter_leaves_within_reach(t):
    """Without a keyring of its own nothing is run, unless the filter refuses all that leads to keys."""
    refuse, user = tools_for(t)["refuse"], () if t.root else ("-u", str(UID))
    spec = t.spec(PROBE + "security: {seccomp: off}\n")
    for error in ERRORS:
        for refused, status in (("keyctl", 125), ("keyctl,add_key", 125), ("keyctl,request_key", 125), ("keyctl,add_key,request_key", 0)):
            words = ",".join(f"{call}={error}" for call in refused.split(","))
            result = subprocess.run([refuse, *user, words, "--", t.nsbox, "up", spec, "--", "/probe", "exit", "0"], capture_output=True, text=True, cwd=t.folder)
            check(result.returncode == status and bool(status) == ("new_keyring: keyctl: " in result.stderr), words, result.returncode, result.stderr)


@test(callers=("root",))
def a_sandbox_whose_holder_can_not_be_seen(t):
    """It is not taken for ended: its name is not given away, and nothing of it is removed."""
    own_states(t)
    refuse = tools_for(t)["refuse"]
    spec = t.spec("name: unseen\n" + PROBE)
    start = [t.nsbox, "up", "--detach", spec, "--", "/probe", "sleep", "100"]
    check(t.run(start).status == 0, "start")
    try:
        for argv in (start, [*start[:3], "--replace", *start[3:]], [t.nsbox, "down", "unseen"], [t.nsbox, "exec", "unseen", "--", "/probe"], [t.nsbox, "wait", "unseen"], [t.nsbox, "inspect", "unseen"], [t.nsbox, "ns", "unseen"]):
            for error in ERRORS:
                result = t.run([refuse, "pidfd_open=" + error, "--", *argv])
                check(result.status in (1, 2, 125) and f"pidfd_open: {os.strerror(getattr(errno, error))} ({error})" in result.err, str(argv), result)
        check("not believed" in t.run([refuse, "pidfd_open", "--", t.nsbox, "ps"]).out, "ps")
        equal(t.run([t.nsbox, "exec", "unseen", "--", "/probe", "exit", "7"]).status, 7, "it goes on")
    finally:
        equal(t.run([t.nsbox, "down", "unseen"]).status, 0, "down")


@test()
def calls_that_are_not_made(t):
    """Who is told that a right is gone, and it is not, does not go on."""
    refuse, user = tools_for(t)["refuse"], () if t.root else ("-u", str(UID))
    spec = t.spec(PROBE + "process: {user: 7, group: 7, groups: [8]}\n" if t.root else PROBE)
    for call in LIES:
        if not t.root and call in ("setresuid", "setresgid", "setgroups"):
            continue  # who has one id only stays what it is
        result = subprocess.run([refuse, *user, call + "=0", "--", t.nsbox, "up", spec, "--", "/probe", "exit", "0"], capture_output=True, text=True, cwd=t.folder)
        check(result.returncode == 125 and ": step " in result.stderr, call, result.returncode, result.stderr)
    host = t.spec("namespaces: {net: host}\n" + PROBE, "host.yaml")
    result = subprocess.run([refuse, *user, "seccomp=0,ioctl=0", "--", t.nsbox, "up", host, "--", "/probe", "exit", "0"], capture_output=True, text=True, cwd=t.folder)
    check(result.returncode == 125 and "seccomp reads back something else" in result.stderr, "who says yes to all", result)
    result = subprocess.run([refuse, *user, f"prctl(24)={errno.EINVAL}", "--", t.nsbox, "up", spec, "--", "/probe", "exit", "0"], capture_output=True, text=True, cwd=t.folder)
    check(result.returncode == 125 and "drop_bounding 'none': prctl: Invalid argument (EINVAL)" in result.stderr, "the first capability is none", result)


@test()
def calls_that_never_work(t):
    """One that is to be tried again is not tried for ever; without limits that can be read none is raised."""
    refuse, user = tools_for(t)["refuse"], () if t.root else ("-u", str(UID))
    many = PROBE + "".join(f"  - PROBE:/m/{number}\n" for number in range(300))
    for call, text, words in ((f"openat2={errno.EAGAIN}", PROBE, "openat2: Resource temporarily unavailable (EAGAIN)"), ("prlimit64=EPERM", many, "raise_files '")):
        result = subprocess.run([refuse, *user, call, "--", t.nsbox, "up", t.spec(text), "--", "/probe", "exit", "0"], capture_output=True, text=True, cwd=t.folder)
        check(result.returncode == 125 and ": step " in result.stderr and words in result.stderr, call, result)


@test()
def a_command_where_faccessat2_is_refused(t):
    refuse, user = tools_for(t)["refuse"], () if t.root else ("-u", str(UID))
    t.write("tool", "no program", 0o644)
    spec = t.spec(PROBE + "  - DIR/tool:/tool\n")
    for error in ERRORS:
        for command, status in (("/probe", 0), ("/tool", 126)):
            result = subprocess.run([refuse, *user, "faccessat2=" + error, "--", t.nsbox, "up", spec, "--", command, "exit", "0"], capture_output=True, text=True, cwd=t.folder)
            check(result.returncode == status and (not status or "'/tool' is there, but can't be executed: Permission denied (EACCES)" in result.stderr), command, result)


for each in SCENARIOS:
    test(callers=(each.caller,), name="refused_calls_" + each.name)(lambda t, scenario=each: every_call(t, scenario))

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
