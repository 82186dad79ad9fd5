# SPDX-License-Identifier: MIT
"""`up` does exactly what `plan` prints: a traced launch of every example, compared call by call."""
import glob, os, re, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

ROOT = os.path.dirname(os.path.dirname(HERE))
# Calls of the language's run-time and of memory management, which are nobody's step.
NOISE = {"brk", "munmap", "mprotect", "futex", "clock_gettime", "rt_sigreturn", "gettid", "madvise", "set_robust_list", "rseq", "restart_syscall", "sched_yield"}
SAME = {"newfstatat": "fstat", "fstatat64": "fstat", "clone": "clone3", "sendto": "sendmsg", "select": "poll", "ppoll": "poll", "mremap": "brk", "open": "openat"}


def calls_of(trace):
    """(pid, call) of every call, in the order begun; unfinished ones are joined."""
    for line in trace.splitlines():
        match = re.match(r"(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed)", line)
        if match and match.group(3) == "(":
            yield match.group(1), SAME.get(match.group(2), match.group(2)), line


def pattern_of(steps):
    """The plan's calls as a regular expression; `x*` is any number of x, `…` anything."""
    parts = []
    for step in steps:
        for call in step["calls"]:
            if call == "…":
                parts.append("(?:[a-z0-9_]+;)*?")
                continue
            name = call.rstrip("*")
            name = SAME.get(name, name)
            parts.append(f"(?:{name};)*" if call.endswith("*") else name + ";")
    return parts


def compare(calls, steps, who):
    """One process against the plan; returns what it did after the plan's end."""
    done = "".join(call + ";" for call, _ in calls)
    parts = pattern_of(steps)
    match = re.match("".join(parts), done)
    if match:
        return calls[match.group(0).count(";"):]
    # How far they agree, for the message.
    most = next(count for count in range(len(parts), -1, -1) if re.match("".join(parts[:count]), done))
    at = re.match("".join(parts[:most]), done).group(0).count(";")
    step = next(each for each in steps if sum(len(other["calls"]) for other in steps[:steps.index(each) + 1]) > most)
    raise Failed(f"{who}: step {step['number']} {step['name']} {step['object']}: the plan says {parts[most]} the launch did\n{calls[at][1] if at < len(calls) else '(nothing more)'}")


def honest(t, spec, command=()):
    if "sanitize" in os.environ.get("NSBOX_BUILD", ""):
        return  # the sanitizers' own calls are among nsbox's there
    plan = t.run([t.nsbox, "plan", "--format", "json", spec, *(("--", *command) if command else ())])
    check(plan.status == 0, "plan", plan)
    steps = plan.json()["steps"]
    trace = t.path("trace")
    open(trace, "w").close()
    os.chmod(trace, 0o666)
    argv = ["strace", "-f", "-o", trace, "-s", "0"]
    if not t.root:
        argv += ["-u", USER]  # run by root, so that newuidmap keeps its right
    process = subprocess.run([*argv, t.nsbox, "up", spec, *(("--", *command) if command else ())], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=t.folder, text=True)
    check(process.returncode == 0, f"status {process.returncode}", process.stdout, process.stderr)
    by_pid, order = {}, []
    text = open(trace).read()
    for pid, call, line in calls_of(text):
        if call in NOISE:
            continue
        if pid not in by_pid:
            order.append(pid)
            by_pid[pid] = []
        by_pid[pid].append((call, line))
    launcher = by_pid[order[0]]
    # The first step maps the shared page: nothing before it is part of the launch.
    start = next(i for i, (call, line) in enumerate(launcher) if call == "mmap" and "MAP_SHARED|MAP_ANONYMOUS" in line)
    mine = [(call, line) for call, line in launcher[start:] if call != "mmap" or "MAP_SHARED" in line]
    # Between prepare and clone the terminals are looked at; that is no step.
    clone = next(i for i, (call, line) in enumerate(mine) if call == "clone3")
    before = [step for step in steps if step["actor"] == "launcher" and step["stage"] == "prepare"]
    rest = compare(mine[:clone], before, "launcher before the clone")
    check(all(call in ("ioctl", "fcntl") for call, _ in rest), "launcher: more than the plan says before the clone", rest)
    joiner = any(step["actor"] == "joiner" for step in steps)
    after = [step for step in steps if step["actor"] == "launcher" and step["stage"] in ("map_identity", "place")]
    skip = next((i for i, (call, _) in enumerate(mine[clone + 1:], clone + 1) if not joiner and call not in ("close",)), clone + 1)
    if after and not joiner:
        compare(mine[skip:], after, "launcher after the clone")
    helpers = sum(1 for step in after if step["name"].startswith("run_new"))
    others = order[1:]
    children = {}  # who made whom by clone3
    for line in text.splitlines():
        match = re.match(r"(\d+) +(?:clone3\(|<\.\.\. clone3 resumed).* = (\d+)$", line)
        if match:
            children.setdefault(match.group(1), []).append(match.group(2))
    first = children[order[0]][0]
    child = by_pid[children[first][0] if joiner else first]
    child = child[1:] if child and child[0][0] == "close" else child  # the launcher's end of the channel
    inside = [step for step in steps if step["actor"] == "child"]
    payload = [step for step in steps if step["actor"] == "payload"]
    init = [step for step in steps if step["actor"] == "init"]
    if init:
        rest = compare(child, inside + init, "child")
        second = next(pid for pid in others if by_pid[pid] and by_pid[pid][0][0] == "keyctl")
        compare(by_pid[second], payload, "payload")
    else:
        compare(child, inside + payload, "child")


@test()
def a_launch_is_what_the_plan_says(t):
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    honest(t, t.spec(PROBE + "hostname: honest\n"), ("/probe", "exit", "0"))
    honest(t, t.spec(PROBE + "  - {type: dev, target: /dev}\n  - {type: tmpfs, target: /tmp}\n  - {type: file, target: /etc/x, content: x}\n  - {type: mask, target: /etc/y}\n  - /etc/hostname:/etc/z\nprocess: {init: false, cwd: /etc, rlimits: {nofile: 64}}\n"), ("/probe", "exit", "0"))
    t.mkdir("tree/sub")
    honest(t, t.spec(PROBE + "  - DIR/tree:/x\n  - {type: tmpfs, target: /x/new}\n  - {type: overlay, target: /o, lower: [DIR/tree]}\n"), ("/probe", "exit", "0"))
    honest(t, t.spec("root: host\n" + PROBE.replace("  - PROBE:/probe\n", "")), (t.probe, "exit", "0"))
    honest(t, t.spec("namespaces: {time: new}\ntime_offsets: {monotonic: 1h}\n" + PROBE), ("/probe", "exit", "0"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
