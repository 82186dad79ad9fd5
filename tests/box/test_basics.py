# SPDX-License-Identifier: MIT
"""Namespaces, identity, exit statuses, and that the host stays as it was."""
import glob, os, resource, signal, subprocess, sys, time
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

TOP = """
name: web-build
description: Compile the site with no network
vars: {OUT: ./out}
namespaces: [user, mount, pid, ipc, uts, net, cgroup]
hostname: builder
domainname: lab
propagation: private
root: {type: tmpfs}
mounts:
  - /usr
  - ./src:/src
  - ${OUT}:/out:rw
  - {type: symlink, target: /bin, to: usr/bin}
  - {type: symlink, target: /lib, to: usr/lib}
  - {type: symlink, target: /lib64, to: usr/lib64}
  - {type: proc, target: /proc}
  - {type: dev, target: /dev}
  - {type: tmpfs, target: /tmp, size: 64M, mode: "1777"}
  - PROBE:/probe
process:
  command: [sh, -c, "cat /src/in > /out/result; id -u"]
  cwd: /src
  timeout: 10m
security: {capabilities: [], no_new_privs: true}
network: {mode: none}
"""


def host_state():
    state = {name: open("/proc/self/" + name).read() for name in ("mountinfo",)}
    state["hostname"] = os.uname().nodename
    state["domain"] = open("/proc/sys/kernel/domainname").read()
    state["interfaces"] = sorted(os.listdir("/sys/class/net"))
    state["ns"] = {name: os.readlink("/proc/self/ns/" + name) for name in os.listdir("/proc/self/ns")}
    return state


@test()
def the_spec_of_the_contract(t):
    t.write("src/in", "hello\n")
    out = t.mkdir("out")
    maps = '' if t.root else 'id_maps: {uid: ["0:${UID}:1"], gid: ["0:${GID}:1"]}\n'
    before = host_state()
    result = t.up(TOP + maps)
    equal(result.status, 0, str(result))
    equal(result.out, "0\n")
    equal(open(out + "/result").read(), "hello\n")
    # What root's payload makes as 0 belongs on the host to 0 (idmapped); a user's to the user.
    equal(os.stat(out + "/result").st_uid, t.uid, "owner on the host")
    seen = t.see(TOP + maps)
    equal(seen["hostname"], "builder")
    equal(seen["domainname"], "lab")
    equal((seen["pid"], seen["processes"]), (2, [1, 2]))
    equal(seen["ppid"], 1)
    for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
        check(seen["namespaces"][name] != os.readlink("/proc/self/ns/" + name), f"{name} is the host's")
    equal(seen["namespaces"]["time"], os.readlink("/proc/self/ns/time"))
    names = t.up(TOP + maps, "/probe", "ls", "/").out.split()
    equal(sorted(names), sorted("usr src out bin lib lib64 proc dev tmp probe".split()))
    table = mounts(seen["mounts"])
    for target in ("/usr", "/src", "/probe"):
        check("ro" in table[target]["options"], f"{target} is writable", table[target])
    for target, each in table.items():
        check("nosuid" in each["options"], f"{target} without nosuid", each)
        check("nodev" in each["options"] or target.startswith("/dev") or (target.startswith("/proc/") and each["type"] in ("devtmpfs", "tmpfs")), f"{target} without nodev", each)
        equal(each["tags"], [], f"propagation of {target}")
    check("size=65536k" in table["/tmp"]["super"], "size of /tmp", table["/tmp"])
    for value in seen["caps"].values():
        equal(int(value, 16), 0)
    equal((seen["nnp"], seen["seccomp"], seen["lo_up"], seen["interfaces"]), (1, "2", 1, ["lo"]))
    equal(seen["fds"], [0, 1, 2])
    equal(seen["cwd"], "/src")
    equal(seen["uid"], [0, 0, 0])
    equal(seen["groups"], [] if t.root else seen["groups"])
    for path in ("/usr/x", "/src/x", "/x"):
        answer = t.up(TOP + maps, "/probe", "write", path, "x").out.strip()
        check(answer == ("ok" if path == "/x" else "EROFS"), f"writing {path}: {answer}")
    equal(host_state(), before, "the host")


@test()
def a_specification_from_a_pipe(t):
    """As a shell's <(…) gives it; the writer takes its time."""
    text = ("nsbox: 1\n" + PROBE).replace("PROBE", t.probe)
    for path in ("/dev/stdin", "-"):
        read, write = os.pipe()
        os.fchown(read, t.uid, -1)
        launch = t.start([t.nsbox, "up", path, "--", "/probe", "args", "ran"], stdin=read)
        os.close(read)
        time.sleep(0.2)
        os.write(write, text.encode())
        os.close(write)
        out, err = launch.communicate(timeout=30)
        equal((launch.returncode, out), (0, b"ran\n"), f"{path}: {err!r}")
    os.mkfifo(t.path("fifo"))
    os.chmod(t.path("fifo"), 0o666)
    check("the file is empty" in t.sentence(t.path("fifo"), "/probe"), "one that nobody writes to")


@test()
def exit_statuses(t):
    spec = t.spec(PROBE)
    for status in (0, 1, 3, 77, 125, 255):
        equal(t.up(spec, "/probe", "exit", str(status)).status, status)
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1, signal.SIGSEGV):
        equal(t.up(spec, "/probe", "signal", str(int(number))).status, 128 + number, str(number))
    result = t.up(spec, "/nothing")
    equal(result.status, 127)
    check("'/nothing' is not in the sandbox" in result.err and "process.command" not in result.err, "message", result)  # no line of the file says so
    result = t.up(spec, "nothing")
    equal(result.status, 127)
    check("not in the sandbox's PATH" in result.err, "message", result)
    result = t.up(spec, "/proc")
    equal(result.status, 126)
    check("Is a directory" in result.err, "message", result)
    t.write("script", "#!/no/such/interpreter\n", 0o755)
    t.write("text", "just text\n", 0o755)
    t.write("locked", "#!/bin/sh\n", 0o644)
    more = PROBE + "  - DIR/script:/script\n  - DIR/text:/text\n  - DIR/locked:/locked\n  - /usr/bin/env:/env\n"
    result = t.up(more, "/script")
    equal(result.status, 127)
    check("its interpreter '/no/such/interpreter' is not" in result.err, "message", result)
    result = t.up(more, "/env")
    equal(result.status, 127)
    check("its loader '/lib" in result.err, "message", result)
    result = t.up(more, "/text")
    equal(result.status, 126)
    check("ENOEXEC" in result.err and "no '#!' line" in result.err, "message", result)
    result = t.up(more, "/locked")
    equal(result.status, 126)
    check("EACCES" in result.err, "message", result)
    equal(t.up(spec).status, 125, "no command")
    equal(t.up(PROBE + "process: {timeout: 300ms, stop_timeout: 100ms}\n", "/probe", "sleep", "20").status, 124)
    result = t.run([t.nsbox, "up", "--nonsense"])
    equal(result.status, 125)
    equal(t.run([t.nsbox, "up", t.path("missing.yaml")]).status, 125)
    equal(t.run([t.nsbox, "validate", t.path("missing.yaml")]).status, 2)
    equal(t.run([t.nsbox, "plan", "--nonsense"]).status, 2)
    equal(t.run([t.nsbox, "validate", t.write("bad.yaml", "nsbox: 2\n")]).status, 1)
    equal(t.run([t.nsbox, "plan", t.path("bad.yaml")]).status, 1)
    equal(t.run([t.nsbox, "up", t.path("bad.yaml")]).status, 125)


@test()
def id_maps_of_every_form(t):
    seen = t.see(PROBE + "id_maps: root\n")
    equal(seen["uid"], [0, 0, 0])
    equal(seen["uid_map"].split(), ["0", str(t.uid), "1"])
    seen = t.see(PROBE + "id_maps: keep\n")
    equal(seen["uid"], [t.uid] * 3)
    seen = t.see(PROBE + f'id_maps: {{uid: ["5:{t.uid}:1"], gid: ["6:{t.uid}:1"]}}\n')
    equal((seen["uid"], seen["gid"]), ([5] * 3, [6] * 3))
    if t.root:
        seen = t.see(PROBE)
        outside = int(seen["uid_map"].split()[1])
        check(outside >= 1879048192 and seen["uid_map"].split()[2] == "65536", "shift", seen["uid_map"])
        equal(seen["uid"], [0, 0, 0])
        equal(seen["setgroups"].strip(), "allow")
    else:
        equal(seen["setgroups"].strip(), "deny")
        err = t.sentence(PROBE + "id_maps: shift\n", "/probe")
        check("for root only" in err, "message", err)


@test(callers=("user",))
def id_maps_through_newuidmap(t):
    seen = t.see(PROBE + "id_maps: subids\n")
    rows = [line.split() for line in seen["uid_map"].splitlines()]
    equal(rows, [["0", str(UID), "1"], ["1", "300000", "65536"]])
    equal(seen["setgroups"].strip(), "allow")
    seen = t.see(PROBE + "id_maps: subids\nprocess: {user: 1000, group: 100, groups: [4, 5]}\n")
    equal((seen["uid"], seen["gid"], seen["groups"]), ([1000] * 3, [100] * 3, [4, 5]))
    err = t.sentence(PROBE + f'id_maps: {{uid: ["0:{UID}:1", "1:200000:5"], gid: ["0:{UID}:1"]}}\n', "/probe")
    check("200000" in err and "300000…365535" in err, "message", err)


@test()
def users_groups_and_ids(t):
    t.write("etc/passwd", "app:x:33:44::/:\nroot:x:0:0::/:\n")
    t.write("etc/group", "root:x:0:\ndata:x:55:\nmore:x:66:\n")
    etc = PROBE + "  - DIR/etc:/etc\n"
    maps = "" if t.root else "id_maps: subids\n"
    seen = t.see(etc + maps + "process: {user: app}\n")
    equal((seen["uid"], seen["gid"]), ([33] * 3, [44] * 3))
    seen = t.see(etc + maps + "process: {user: app, group: data, groups: [more, 77]}\n")
    equal((seen["uid"], seen["gid"], sorted(seen["groups"])), ([33] * 3, [55] * 3, [66, 77]))
    for process, name in (("{user: nobody-here}", "nobody-here"), ("{group: nowhere}", "nowhere"), ("{groups: [more, nowhere]}", "nowhere")):
        err = t.sentence(etc + maps + f"process: {process}\n", "/probe")
        check(f"'{name}' is not in the sandbox's own" in err, "message", err)
    check("'app' is not in the sandbox's own" in (err := t.sentence(PROBE + maps + "process: {user: app}\n", "/probe")), "no such file", err)
    # A line that names no id is no entry; the next of the same name is.
    bad = ("app", "app:", "app:x", "app:x:", "app:x::44", "app:x:33", "app:x:33:", "app:x:33x:44", "app:x:33:44x", "app:x:-1:44", "app:x:4294967295:44", "app:x:33:4294967296", "app:x:99999999999999999999:44", "apple:x:1:1")
    t.write("etc/passwd", "\n".join(bad) + "\n")
    check("'app' is not in the sandbox's own" in (err := t.sentence(etc + maps + "process: {user: app}\n", "/probe")), "no whole line", err)
    t.write("etc/passwd", "\n".join([*bad, "app:x:33:44", ""]))
    seen = t.see(etc + maps + "process: {user: app}\n")
    equal((seen["uid"], seen["gid"]), ([33] * 3, [44] * 3))
    err = t.sentence(PROBE + maps + "process: {user: 70000}\n", "/probe")
    check("70000 is not in the user map" in err or "70000" in err, "message", err)


@test()
def environment(t):
    env = {"PATH": "/bin", "TERM": "vt100", "LC_ALL": "C", "SECRET": "s", "LD_PRELOAD": "/x.so", "MINE_A": "a", "MINE_B": "b", "NSBOX_X": "1"}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    equal(t.see(PROBE, env=env)["env"], {"TERM": "vt100", "LC_ALL": "C", "PATH": path})
    equal(t.see(PROBE + 'process: {env_inherit: [MINE_*], env: {MINE_B: null, X: "y"}}\n', env=env)["env"], {"MINE_A": "a", "X": "y", "PATH": path})
    seen = t.see(PROBE + "process: {env_inherit: true}\n", env=env)["env"]
    equal(seen, {"TERM": "vt100", "LC_ALL": "C", "SECRET": "s", "MINE_A": "a", "MINE_B": "b", "PATH": "/bin"})
    equal(t.see(PROBE + "process: {env_inherit: [LD_PRELOAD]}\n", env=env)["env"], {"LD_PRELOAD": "/x.so", "PATH": path})
    equal(t.see(PROBE + "process: {env_inherit: false, env: {PATH: /p}}\n", env=env)["env"], {"PATH": "/p"})


@test()
def odd_starts(t):
    """Whatever the caller's signals, umask, descriptors, limits are, the payload starts clean."""
    def odd():
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        os.umask(0o000)
        libc.personality(0x0040000)  # ADDR_NO_RANDOMIZE
        libc.prctl(29, 1000, 0, 0, 0)  # PR_SET_TIMERSLACK
        for _ in range(100):
            os.set_inheritable(os.dup(0), True)
    seen = t.see(PROBE, before=odd, close_fds=False)
    equal(int(seen["sigblk"], 16), 0)
    equal(int(seen["sigign"], 16), 0)
    equal(seen["umask"], "0022")
    equal(seen["fds"], [0, 1, 2])
    equal(seen["rlimits"]["core"], [0, 0])
    equal((seen["timerslack"], int(seen["personality"], 16)), (50000, 0))


@test()
def process_settings(t):
    seen = t.see(PROBE + "process: {cwd: /proc, umask: 077, nice: 5, oom_score_adj: 500, cpu_affinity: [0], argv0: zero, rlimits: {nofile: {soft: 100, hard: 200}, fsize: 16M, cpu: 1m, core: unlimited, nproc: 1000}}\n")
    equal((seen["cwd"], seen["umask"], seen["nice"], seen["oom_score_adj"].strip(), seen["cpus"]), ("/proc", "0077", 5, "500", [0]))
    limits = seen["rlimits"]
    equal((limits["nofile"], limits["fsize"], limits["cpu"], limits["nproc"]), ([100, 200], [16 << 20, 16 << 20], [60, 60], [1000, 1000]))
    err = t.sentence(PROBE + "process: {cwd: /nothing}\n", "/probe")
    check("chdir '/nothing'" in err and "ENOENT" in err and "process.cwd" in err, "message", err)


@test()
def standard_files_and_passed_descriptors(t):
    t.write("in", "input\n")
    out = t.path("out.txt")
    usr = "mounts: [/usr, {type: symlink, target: /bin, to: usr/bin}, {type: symlink, target: /lib, to: usr/lib}, {type: symlink, target: /lib64, to: usr/lib64}]\n"
    spec = usr + "process: {command: 'cat; echo more >&2', stdin: ./in, stdout: ./out.txt, stderr: stdout}\n"
    equal(t.up(spec).status, 0)
    equal(open(out).read(), "input\nmore\n")
    equal(os.stat(out).st_mode & 0o777, 0o644)
    equal(t.up(spec).status, 0)
    equal(open(out).read(), "input\nmore\n", "truncated")
    equal(t.up(usr + "process: {command: 'echo again', stdout: append:./out.txt}\n").status, 0)
    equal(open(out).read(), "input\nmore\nagain\n")
    err = t.sentence(usr + "process: {command: 'true', stdin: ./missing}\n")
    check("open_stdio" in err and "ENOENT" in err and "process.stdin" in err, "message", err)
    read, write = os.pipe()
    os.write(write, b"through a pipe\n")
    os.close(write)
    result = t.up(usr + f"process: {{command: 'cat <&{read}', pass_fds: [{read}]}}\n", pass_fds=(read,))
    equal(result.out, "through a pipe\n", str(result))
    os.close(read)
    err = t.sentence(usr + "process: {command: 'true', pass_fds: [77]}\n")
    check("descriptor 77 is not open" in err, "message", err)


@test()
def reaping_orphans(t):
    equal(t.up(PROBE, "/probe", "orphans", "2000").out.strip(), "0")


@test()
def without_init_the_command_is_pid_1(t):
    seen = t.see(PROBE + "process: {init: false}\n")
    equal((seen["pid"], seen["processes"]), (1, [1]))
    equal(t.up(PROBE + "process: {init: false}\n", "/probe", "exit", "9").status, 9)
    equal(t.up(PROBE + "process: {init: false, timeout: 200ms, stop_timeout: 0}\n", "/probe", "sleep", "9").status, 124)


@test()
def some_namespaces_only(t):
    seen = t.see("namespaces: []\n", t.probe)
    for name, value in seen["namespaces"].items():
        equal(value, os.readlink("/proc/self/ns/" + name), name)
    equal(seen["nnp"], 1)
    seen = t.see("namespaces: [user, uts]\nhostname: only-uts\n", t.probe)
    equal(seen["hostname"], "only-uts")
    equal(seen["namespaces"]["mnt"], os.readlink("/proc/self/ns/mnt"))
    seen = t.see("namespaces: {net: host}\n" + PROBE)
    equal(seen["namespaces"]["net"], os.readlink("/proc/self/ns/net"))
    check("lo" in seen["interfaces"], "interfaces", seen["interfaces"])


@test()
def the_search_in_path(t):
    """A file that may not be executed is passed over, as execvp(3) does, and named where there is no other."""
    for folder in ("first", "second", "third"):
        t.mkdir(folder)
    t.write("first/tool", "no program", 0o644)
    t.mkdir("second/tool")
    spec = PROBE + "  - DIR/first:/first\n  - DIR/second:/second\n  - DIR/third:/third\nprocess: {env: {PATH: '/none:/first:/second:/third'}}\n"
    result = t.up(spec, "tool")
    check(result.status == 126 and "'/first/tool' is there, but can't be executed" in result.err, "the first that is there", result)
    shutil.copy(t.probe, t.path("third/tool"))
    equal(t.up(spec, "tool", "args", "a").out, "a\n")
    equal(t.up(spec + "security: {seccomp: off}\n", "tool", "args", "a").out, "a\n")
    equal(t.up(spec.replace("/none:", "/probe:"), "tool", "args", "a").out, "a\n", "a file among the folders")
    result = t.up(spec, "/probe/tool")
    check(result.status == 127 and "command '/probe/tool' is not in the sandbox" in result.err, "a file for a folder", result)
    for path in ("null", "''"):
        result = t.up(PROBE + f"process: {{env_inherit: false, env: {{PATH: {path}}}}}\n", "tool")
        check(result.status == 127 and "command 'tool' is not in the sandbox's PATH" in result.err, "no PATH: " + path, result)


@test()
def a_fake_clock(t):
    spec = PROBE + "namespaces: {time: new}\ntime_offsets: {monotonic: 24h, boottime: 48h30m}\n"
    for more in ("", "process: {init: false}\n"):
        inside = t.see(spec + more, "/probe", "clock")
        monotonic = time.clock_gettime(time.CLOCK_MONOTONIC)
        boot = time.clock_gettime(time.CLOCK_BOOTTIME)
        check(abs(inside["monotonic"] - monotonic - 86400) < 10, "monotonic", inside, monotonic)
        check(abs(inside["boottime"] - boot - 174600) < 10, "boottime", inside, boot)
        back = t.see(spec.replace("24h", "-1500ms").replace("48h30m", "-1ms") + more)["timens_offsets"]
        equal(back.split(), ["monotonic", "-2", "500000000", "boottime", "-1", "999000000"])


@test()
def joining(t):
    holder = t.start([t.nsbox, "up", t.spec(PROBE + "hostname: held\nsecurity: {capabilities: all}\n", "holder.yaml"), "--", "/probe", "sleep", "20"])
    try:
        equal(holder.stdout.readline(), b"ready\n")
        children = open(f"/proc/{holder.pid}/task/{holder.pid}/children").read().split()
        init = int(children[0])
        pid = int(open(f"/proc/{init}/task/{init}/children").read().split()[0])
        seen = t.see(f"namespaces: {{user: {{join: 'pid:{pid}'}}, net: {{join: 'pid:{pid}'}}, ipc: {{join: /proc/{pid}/ns/ipc}}, uts: {{join: /proc/{pid}/ns/uts}}}}\n" + PROBE)
        for name in ("user", "net", "ipc", "uts"):
            equal(seen["namespaces"][name], os.readlink(f"/proc/{pid}/ns/{name}"), name)
        check(seen["namespaces"]["pid"] != os.readlink(f"/proc/{pid}/ns/pid"), "pid is new")
        equal(seen["hostname"], "held")
        # Everything of it: its mounts, its processes, its /proc.
        every = ", ".join(f"{name}: {{join: 'pid:{pid}'}}" for name in ("user", "mount", "pid", "ipc", "uts", "net", "cgroup"))
        seen = t.see(f"namespaces: {{{every}}}\n", "/probe")
        for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
            equal(seen["namespaces"][name], os.readlink(f"/proc/{pid}/ns/{name}"), name)
        check(1 in seen["processes"] and len(seen["processes"]) == 3, "processes", seen["processes"])
        if t.root:
            seen = t.see(f"namespaces: {{net: {{join: 'pid:{pid}'}}}}\n" + PROBE)
            equal(seen["namespaces"]["net"], os.readlink(f"/proc/{pid}/ns/net"), "net, beside a new user namespace")
        err = t.sentence(f"namespaces: {{user: {{join: /etc/passwd}}}}\n" + PROBE, "/probe")
        check("is not a namespace" in err, "message", err)
        err = t.sentence("namespaces: {user: {join: 'pid:4194303'}}\n" + PROBE, "/probe")
        check("no such process" in err, "message", err)
    finally:
        holder.kill()
        holder.communicate()


@test(callers=("user",))
def joining_what_belongs_to_root(t):
    holder = subprocess.Popen([t.nsbox, "up", t.spec(PROBE, "holder.yaml"), "--", "/probe", "sleep", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        equal(holder.stdout.readline(), b"ready\n")
        init = int(open(f"/proc/{holder.pid}/task/{holder.pid}/children").read().split()[0])
        err = t.sentence(f"namespaces: {{user: {{join: 'pid:{init}'}}, net: {{join: 'pid:{init}'}}}}\n" + PROBE, "/probe")
        check("step" in err and ("EACCES" in err or "EPERM" in err), "message", err)
    finally:
        holder.kill()
        holder.communicate()


@test()
def sysctls(t):
    usr = PROBE + "sysctl: {net.ipv4.ip_forward: 1, kernel.msgmax: 4096, kernel.shm_rmid_forced: 1}\n"
    equal(t.up(usr, "/probe", "read", "/proc/sys/net/ipv4/ip_forward").out.strip(), "1")
    equal(t.up(usr, "/probe", "read", "/proc/sys/kernel/msgmax").out.strip(), "4096")
    equal(t.up(usr, "/probe", "write", "/proc/sys/kernel/msgmax", "1").out.strip(), "EROFS")
    err = t.sentence(PROBE + "sysctl: {net.ipv4.no_such_thing: 1}\n", "/probe")
    check("write_sysctl" in err and "ENOENT" in err, "message", err)


@test()
def the_command_line_stays_outside(t):
    """Process 1 is nsbox; what it was started with is not for those inside."""
    result = t.up("vars: {TOKEN: none}\n" + PROBE + "name: web\nhostname: ${TOKEN}\n", "/probe", "read", "/proc/1/cmdline", args=["--set", "TOKEN=hunter2"])
    equal((result.status, result.out.strip("\0")), (0, "nsbox: web [init]"), str(result))


@test()
def shown_as_it_is(t):
    """The description has no variables; the type of a mount is written, and not the default's."""
    text = "nsbox: 1\ndescription: \"costs ${NOVAR} $5 $$\"\nmounts: [{type: proc, target: /proc}, /usr]\n"
    first = t.run([t.nsbox, "show", t.write("a.yaml", text)])
    second = t.run([t.nsbox, "show", t.write("a.yaml", first.out)])
    equal((first.status, second.out), (0, first.out))
    check('description: "costs ${NOVAR} $5 $$"\n' in first.out, "the description", first)
    origins = t.run([t.nsbox, "show", "--origin", t.write("b.yaml", text)]).out
    equal([line.split("#")[1].rsplit(":", 1)[1] for line in origins.splitlines() if " type: proc" in line or " type: bind" in line], ["3", "3"], origins)


@test()
def the_likely_end(t):
    """A signal that the specification has to do with is explained, and no other."""
    for more, words, end, why in (("process: {rlimits: {cpu: 1}}\n", ("spin",), "SIGKILL", "'rlimits.cpu'"), ("process: {rlimits: {cpu: {soft: 1, hard: 5}}}\n", ("spin",), "SIGXCPU", "'rlimits.cpu'"),
                                  ("process: {rlimits: {fsize: 0}}\n", ("write", "/tmp/x", "x"), "SIGXFSZ", "'rlimits.fsize'"), ("", ("int80",), "SIGSYS", "'security.seccomp'")):
        result = t.up(PROBE + "  - {type: tmpfs, target: /tmp}\n" + more, "/probe", *words)
        check(result.status == 128 + getattr(signal, end) and f"was ended by {end}: " in result.err and why in result.err, end, result)
    result = t.up(PROBE + "process: {rlimits: {cpu: 5}}\n", "/probe", "kill", "2", "15")
    equal((result.status, result.err), (143, ""))


@test()
def no_half_files(t):
    """What can't be written whole is not left behind; what is no text is not printed."""
    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    result = t.run([t.nsbox, "init", "-o", t.path("new.yaml")], before=full)
    check(result.status == 2 and "EFBIG" in result.err and not os.path.exists(t.path("new.yaml")), "left behind", result)
    result = t.run([t.nsbox, "plan", "--out", "-", t.spec(PROBE)])
    check(result.status == 2 and "needs the name of a file" in result.err and not os.path.exists(t.path("-")), "a file of that name", result)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
