# SPDX-License-Identifier: MIT
"""Named sandboxes: started, seen, entered, read and ended; and what others try meanwhile."""
import os, random, re, signal, socket, sys, termios, threading, time
sys.path.insert(0, os.path.dirname(__file__))
from lib import *
from terminal import Terminal

LONG = bool(os.environ.get("NSBOX_LONG"))
SPEC = PROBE + "process: {command: [/probe, sleep, '1000'], stop_timeout: 2s}\n"


class Named:
    """The verbs, of one caller; at the end nothing is left."""
    def __init__(self, t):
        self.t, self.states = t, own_states(t)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self("down", "--all", "--timeout", "0")
        if kind is None:
            left = [each for each in (os.listdir(self.states) if os.path.exists(self.states) else []) if each != ".lock"]
            equal(left, [], "what is left in the state folder")

    def __call__(self, verb, *words, **options):
        return self.t.run([self.t.nsbox, verb, *words], **options)

    def good(self, verb, *words, **options):
        result = self(verb, *words, **options)
        check(result.status == 0, f"{verb} {' '.join(words)}", result)
        return result.out

    def up(self, name, text=SPEC, *words, **options):
        self.good("up", "-d", "--name", name, *words, self.t.spec(text, name + ".yaml"), **options)

    def state(self, name):
        for each in json.loads(self.good("ps", "-a", "--format", "json"))["sandboxes"]:
            if each["name"] == name:
                return each

    def until(self, name, status):
        for _ in range(500):
            if (self.state(name) or {}).get("status") == status:
                return self.state(name)
            time.sleep(0.01)
        raise Failed(f"'{name}' does not become {status}: {self.state(name)}")


def gone(*pids):
    equal(still_alive(pids, 5), [])


def until_polling(pid):
    """It has asked, and waits for the answer (poll is 7 in proc_pid_syscall(5))."""
    while open(f"/proc/{pid}/syscall").read().split()[0] != "7":
        time.sleep(0.01)


@test()
def a_life(t):
    with Named(t) as box:
        equal(box.good("up", "-d", "--name", "web", t.spec(PROBE + "hostname: inside\nprocess: {command: [/probe, sleep, '1000']}\n")), "")
        state = box.state("web")
        equal((state["status"], state["spec"]), ("running", t.path("spec.yaml")))
        check(alive(state["supervisor"]) and alive(state["pid"]), "its processes", state)
        equal(state["new_namespaces"], ["user", "mount", "pid", "ipc", "uts", "net", "cgroup"])
        equal(box.good("ps", "-q"), "web\n")
        line = box.good("ps").splitlines()[1].split()
        equal(line[:3], ["web", "running", str(state["pid"])])
        titles = [open(f"/proc/{pid}/cmdline").read().rstrip("\0") for pid in (state["supervisor"], state["pid"])]
        equal(titles, ["nsbox: web [supervisor]", "nsbox: web [init]"])
        for _ in range(200):
            if box.good("logs", "web") == "ready\n":
                break
            time.sleep(0.01)
        equal(box.good("logs", "web"), "ready\n")
        seen = json.loads(box.good("exec", "web", "--", "/probe"))
        equal(seen["hostname"], "inside")
        told = json.loads(box.good("inspect", "web"))
        equal(told["effective_spec"]["hostname"], "inside")
        equal(told["namespaces"]["uts"], int(seen["namespaces"]["uts"].strip("uts:[]")))
        equal(os.stat(box.states).st_mode & 0o7777, 0o700)
        waiting = t.start([t.nsbox, "wait", "web"])
        until_polling(waiting.pid)
        pids = family(state["supervisor"])
        equal(box("down", "web").err, "")
        equal(waiting.wait(timeout=10), 143)
        gone(*pids)
        result = box("down", "web")
        check(result.status == 0 and "there is no sandbox 'web'" in result.err, "down of an absent one", result)
        equal(box.good("ps", "-a").splitlines()[1:], [])


@test()
def an_end_of_its_own(t):
    with Named(t) as box:
        box.up("three", PROBE + "process: {command: [/probe, exit, '3']}\n")
        equal(box("wait", "three").status, 3)
        state = box.until("three", "ended")
        equal((state["reason"], state["exit"], state["signal"], state["exit_status"]), ("exited", 3, None, 3))
        equal(box.good("ps", "-q"), "")
        check("exited 3" in box.good("ps", "-a"), "ps -a")
        equal(box("wait", "three").status, 3)
        result = box("exec", "three", "--", "/probe")
        check(result.status == 125 and "is not running: it is ended" in result.err, "exec after the end", result)
        box.up("three", PROBE + "process: {command: [/probe, signal, '9']}\n")  # the name is free
        equal(box("wait", "three").status, 137)
        equal(box.until("three", "ended")["signal"], "KILL")
        box.up("late", PROBE + "process: {command: [/probe, sleep, '1000'], timeout: 300ms, stop_timeout: 1s}\n")
        equal(box("wait", "late").status, 124)
        equal(box.until("late", "ended")["reason"], "timeout")
        report = json.loads(box.good("inspect", "late"))["report"]
        check(float(report["wall_seconds"]) >= 0.3, "the report", report)
        check("never" in box("wait", "never").err and box("wait", "never").status == 2, "wait for an absent one")


@test()
def it_fails_as_if_attached(t):
    with Named(t) as box:
        for text, status, words in ((PROBE + "process: {command: [/absent]}\n", 127, "command '/absent' is not in the sandbox"),
                                    (PROBE + "process: {command: [/proc]}\n", 126, "can't be executed"),
                                    (PROBE + "  - {type: fs, fstype: nonesuch, target: /x}\nprocess: {command: [/probe]}\n", 125, "nonesuch"),
                                    ("process: {command: [/probe], die_with_parent: true}\n" + PROBE, 125, "die_with_parent and --detach"),
                                    ("process: {command: [/probe], terminal: inherit}\n" + PROBE, 125, "terminal: inherit and --detach")):
            attached = None if "--detach" in words else t.up(text)
            result = box("up", "-d", "--name", "bad", t.spec(text))
            check(result.status == status and words in result.err, f"expected {status}, {words}", result)
            if attached:
                equal(re_step(result.err), re_step(attached.err), "the same words")
            equal(box.state("bad"), None, "what is left")
        check("--replace is for --detach" in box("up", "--replace", t.spec(SPEC)).err, "--replace alone")
        result = box("up", "-d", "--name", "Bad/..", t.spec(SPEC))
        check(result.status == 125 and not os.path.exists(os.path.dirname(box.states) + "/Bad"), "a name that is none", result)


def re_step(text):
    """A message without the numbers of steps: a detached plan has one step more."""
    import re
    return re.sub(r"step \d+ of \d+", "step", text)


@test()
def one_name_one_sandbox(t):
    with Named(t) as box:
        box.up("one")
        first = box.state("one")
        result = box("up", "-d", "--name", "one", t.spec(SPEC))
        check(result.status == 125 and "the name 'one' is in use" in result.err and "--replace" in result.err, "in use", result)
        equal(box.state("one")["supervisor"], first["supervisor"])
        box.up("one", SPEC, "--replace")
        check(box.state("one")["supervisor"] != first["supervisor"], "replaced")
        gone(first["supervisor"], first["pid"])
        box.up("two", SPEC, "--replace")
        equal(box.good("ps", "-q"), "one\ntwo\n")
        equal(box("down", "one", "absent", "two").status, 0)
        equal(box.good("ps", "-aq"), "")
        check("did you mean 'three'" in (box.up("three"), box("inspect", "thre"))[1].err, "a near name")


SPECS = {
    "plain": PROBE,
    "rights": PROBE + "security: {capabilities: [CHOWN, NET_RAW]}\nprocess: {rlimits: {nofile: 77, fsize: 1M}, umask: '077', cwd: /tmp}\nhostname: h\n",
    "named": PROBE + "id_maps: IDMAPS\nprocess: {user: some, group: folk, GROUPS env: {A: b}}\n",
    "landlock": PROBE + "  - {type: tmpfs, target: /data}\nsecurity: {landlock: {read: [/], execute: [/probe], write: [/data]" + BEST_EFFORT + "}}\n",
    "no init": PROBE + "process: {init: false}\n",
    "no filter": PROBE + "security: {seccomp: 'off', no_new_privs: false}\n",
    "clocks": PROBE + "namespaces: {time: new}\ntime_offsets: {boottime: 1h}\n",
    "no pid": "mounts:\n  - PROBE:/probe\n  - {type: tmpfs, target: /tmp}\nnamespaces: {pid: host}\n",
    "host's tree": "namespaces: {mount: host, pid: host, net: host}\n",
}


def spec_of(t, name):
    text = SPECS[name].replace("  - {type: proc, target: /proc}\n", "  - {type: proc, target: /proc}\n  - {type: tmpfs, target: /tmp}\n  - {type: file, target: /etc/passwd, content: \"some:x:7:8::/:\\n\"}\n  - {type: file, target: /etc/group, content: \"folk:x:9:\\nmore:x:10:\\n\"}\n")
    text = text.replace("IDMAPS", "shift" if t.root else "subids").replace("GROUPS", "groups: [more],")
    return text


def fill(text, command):
    if "process: {" in text:
        return text.replace("process: {", "process: {command: " + json.dumps(command) + ", ")
    return text + "process: {command: " + json.dumps(command) + "}\n"


@test()
def exec_equals_the_first_process(t):
    with Named(t) as box:
        for name in SPECS:
            probe = t.probe if "host's" in name else "/probe"
            text = spec_of(t, name)
            # The first process writes what it sees, and stays.
            box.up("same", fill(text, [probe, "stay"]))
            for _ in range(500):
                log = box.good("logs", "same")
                if log.endswith("}\n"):
                    break
                time.sleep(0.01)
            first = json.loads(log)
            # The caller of exec has another folder, other limits, another umask and environment.
            def odd():
                import resource
                os.umask(0)
                resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
            second = json.loads(box.good("exec", "same", "--", probe, env={**os.environ, "ODD": "1", "LD_PRELOAD": "/x"}, before=odd, cwd="/"))
            for key in ("pid", "ppid", "pgid", "sid", "mountinfo", "environment_order", "fds", "processes"):
                first.pop(key, None), second.pop(key, None)
            differ = {key for key in first if first[key] != second.get(key)}
            check(not differ, f"{name}: exec differs", *((key, first[key], second.get(key)) for key in differ))
            box.good("down", "same", "--timeout", "0")


@test()
def exec_words(t):
    with Named(t) as box:
        box.up("web", PROBE + "  - {type: tmpfs, target: /work}\n  - {type: file, target: /etc/passwd, content: \"other:x:0:0::/:\\n\"}\nprocess: {command: [/probe, sleep, '1000'], env: {A: spec, B: spec}, env_inherit: [PASSED]}\n")
        def see(*words, **options):
            return json.loads(box.good("exec", *words, "web", "--", "/probe", **options))
        env = dict(os.environ, PASSED="caller", OTHER="caller")
        seen = see("-e", "B=word", "--env", "C=a=b", env=env)["env"]
        equal({key: seen.get(key) for key in ("A", "B", "C", "PASSED", "OTHER")}, {"A": "spec", "B": "word", "C": "a=b", "PASSED": "caller", "OTHER": None})
        equal(see("-w", "/work")["cwd"], "/work")
        equal(see("-u", "other")["uid"], [0, 0, 0])
        equal(box("exec", "web", "--", "/probe", "exit", "7").status, 7)
        equal(box("exec", "web", "--", "/probe", "signal", "15").status, 143)
        equal(box("exec", "web", "--", "/absent").status, 127)
        equal(box("exec", "web", "--", "/proc").status, 126)
        equal(box.good("exec", "web", "--", "/probe", "args", "--", "-x", "--help"), "--\n-x\n--help\n")
        for words, message in ((("-w", "work"), "-w takes an absolute path"), (("-e", "A"), "-e takes NAME=VALUE"), (("-u", "a:"), "-u takes USER or USER:GROUP"), (("-u", "nobody"), "'nobody' is not in the sandbox's own /etc/passwd"),
                               (("-u", "70000"), "set_ids"), (("-w", "/absent"), "chdir")):
            result = box("exec", *words, "web", "--", "/probe")
            check(result.status == 125 and message in result.err, f"{words}: {message}", result)
        check("no command" in box("exec", "web").err, "no command")
        # Standard input only when it is asked for.
        equal(box("exec", "web", "--", "/probe", "cat", stdin=b"words").out, "")
        equal(box("exec", "-i", "web", "--", "/probe", "cat", stdin=b"words").out, "words")


@test()
def killed(t):
    """SIGKILL to each of its processes: what `ps` says is true, `down` and the next `up` work."""
    with Named(t) as box:
        for victim in ("supervisor", "init", "payload"):
            box.up("prey")
            state = box.state("prey")
            supervisor, init = state["supervisor"], state["pid"]
            pids = family(supervisor)
            os.kill({"supervisor": supervisor, "init": init, "payload": children(init)[0]}[victim], signal.SIGKILL)
            gone(*pids)
            seen = box.until("prey", "lost" if victim == "supervisor" else "ended")
            equal(seen["exit_status"], None if victim == "supervisor" else 137, victim)
            equal(box.good("ps", "-q"), "")
            equal(box("wait", "prey").status, 137)
            if victim == "supervisor":
                box.up("prey")  # the name is free
                equal(box.state("prey")["status"], "running")
            equal(box("down", "prey").status, 0)
            equal(box.state("prey"), None)
        # The client, while the command is not yet executed: its sandbox goes with it.
        fifo = t.path("fifo")
        os.mkfifo(fifo)
        t.owned(fifo)
        spec = t.spec(PROBE + f"process: {{command: [/probe], stdin: {fifo}}}\n")
        client = t.start([t.nsbox, "up", "-d", "--name", "held", spec])
        supervisor = None
        while not supervisor and client.poll() is None:
            supervisor = (box.state("held") or {}).get("supervisor")
        client.kill()
        client.wait()
        with open(fifo, "w"):  # its open goes on; there is nobody to tell
            gone(supervisor)
        equal(box("down", "held").status, 0)


@test()
def an_end_while_it_is_looked_at(t):
    """A supervisor that ends between two looks has ended; that is no forged state, and no failure."""
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    with Named(t) as box:
        for verb in ("ps", "down"):
            box.up("short")
            supervisor = box.state("short")["supervisor"]
            words = {"ps": ["ps", "-a"], "down": ["down", "short"]}[verb]
            slowly = ["strace", "-qq", "-o", "/dev/null", "-P", f"/proc/{supervisor}/stat", "-e", "inject=openat:delay_enter=2000000"]
            process = t.start([*slowly, t.nsbox, *words])
            time.sleep(1)
            check(process.poll() is None, f"{verb} is not held up")
            os.kill(supervisor, signal.SIGKILL)
            out, err = process.communicate(timeout=20 * SLOW)
            equal(process.returncode, 0, f"{verb}: {err}")
            check(verb != "ps" or b"lost" in out, "ps", out)
            equal(box("down", "--all", "--timeout", "0").status, 0)


@test()
def stopped_and_stubborn(t):
    with Named(t) as box:
        box.up("stubborn", PROBE + "process: {command: [/probe, ignore, '1000'], stop_timeout: 300ms}\n")
        payload = children(box.state("stubborn")["pid"])[0]
        while not int(re.search(r"SigIgn:\s*(\w+)", open(f"/proc/{payload}/status").read())[1], 16) >> (signal.SIGTERM - 1) & 1:
            time.sleep(0.01)
        begun = time.time()
        equal(box("down", "stubborn").status, 0)
        check(0.3 <= time.time() - begun < 4 * SLOW, "stop_timeout, then SIGKILL", time.time() - begun)
        for victim in ("supervisor", "pid"):
            box.up("frozen")
            state = box.state("frozen")
            pids = family(state["supervisor"])
            os.kill(state[victim], signal.SIGSTOP)
            begun = time.time()
            equal(box("down", "--timeout", "1s", "frozen").status, 0)
            check(time.time() - begun < 9 * SLOW, "in time", time.time() - begun)
            gone(*pids)


@test()
def without_a_pid_namespace_nothing_stays(t):
    with Named(t) as box:
        box.up("loose", "mounts: [PROBE:/probe]\nnamespaces: {pid: host}\nprocess: {command: [/probe, family, '1000'], stop_timeout: 1s}\n")
        state = box.state("loose")
        for _ in range(500):
            pids = family(state["supervisor"])
            if len(pids) >= 4:
                break
            time.sleep(0.01)
        check(len(pids) >= 4, "it has children", pids)
        os.kill(state["pid"], signal.SIGKILL)  # its children are nobody's then
        gone(*pids)
        box.until("loose", "ended")


@test()
def the_log(t):
    with Named(t) as box:
        box.up("talk", PROBE + "process: {command: [/probe, lines, '600000', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']}\n")
        equal(box("wait", "talk").status, 0)
        entry = box.states + "/talk"
        sizes = {name: os.stat(entry + "/" + name).st_size for name in os.listdir(entry) if name.startswith("log")}
        check(set(sizes) == {"log", "log.1", "log.2"} and max(sizes.values()) <= 10 << 20, "three files of at most 10 MiB", sizes)
        last = box.good("logs", "--tail", "2", "talk").splitlines()
        equal([line.split()[0] for line in last], ["599999", "600000"])
        equal(box.good("logs", "--since", "1h", "--tail", "1", "talk").split()[0], "600000")
        equal(box.good("logs", "--since", "2099-01-01T00:00:00Z", "talk"), "")
        stamped = box.good("logs", "--timestamps", "--tail", "1", "talk").split()
        check(stamped[0].endswith("Z") and stamped[1] == "600000", "--timestamps", stamped)
        for words in (("--tail", "-1"), ("--tail", "x"), ("--since", "yesterday")):
            equal(box("logs", *words, "talk").status, 2, words)
        # Bytes come back as they were, unfinished lines too.
        box.up("odd", PROBE + "process: {command: [/probe, args, \"a\\tb\\e[1m\", \"\", \"end\"]}\n")
        box("wait", "odd")
        equal(box.good("logs", "odd"), "a\tb\x1b[1m\n\nend\n")
        # Followed from the beginning to the end.
        box.up("slow", PROBE + "process: {command: [/probe, ticks, '5']}\n")
        equal(box.good("logs", "-f", "slow"), "".join(f"tick {i}\n" for i in range(1, 6)))


@test()
def a_terminal(t):
    with Named(t) as box:
        # Detached with one of its own: what it writes is logged.
        box.up("tty", PROBE + "  - {type: dev, target: /dev}\nprocess: {command: [/probe, tty], terminal: new}\n")
        box("wait", "tty")
        check("/dev/pts/0" in box.good("logs", "tty"), "the log", box.good("logs", "tty"))
        # exec -t: in the sandbox's own devpts.
        box.up("web", PROBE + "  - {type: dev, target: /dev}\nprocess: {command: [/probe, sleep, '1000']}\n")
        result = box("exec", "-t", "web", "--", "/probe", "tty")
        check(result.status == 0 and "/dev/pts/0" in result.out and "controlling" in result.out, "exec -t", result)
        box.up("bare", SPEC)
        result = box("exec", "-t", "bare", "--", "/probe", "tty")
        check(result.status == 0 and "controlling" in result.out, "exec -t without a devpts", result)
        # exec -i -t: keys go to the command there, and nothing is echoed twice.
        for name in ("web", "bare"):
            terminal = Terminal(t, t.nsbox, "exec", "-i", "-t", name, "--", "/probe", "sleep", "100")
            terminal.wait_for("ready")
            check(not termios.tcgetattr(terminal.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG), "not raw", name)
            terminal.send("\x03")
            equal(terminal.end(), 130)
        terminal = Terminal(t, t.nsbox, "exec", "-it", "web", "--", "/probe", "sleep", "100")
        terminal.wait_for("ready")
        equal(terminal.killed(), -9)


@test()
def readiness(t):
    with Named(t) as box:
        path = t.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            os.chmod(path, 0o777)
            listener.settimeout(10)
            env = dict(os.environ, NOTIFY_SOCKET=path)
            box.up("web", env=env)
            words = listener.recv(4096).decode().split()
            equal(words, ["READY=1", f"MAINPID={box.state('web')['supervisor']}"])
            equal(t.up(PROBE, "/probe", "exit", "0", env=env).status, 0)
            equal(listener.recv(4096).decode().split(), ["READY=1"])
            seen = json.loads(box.good("exec", "web", "--", "/probe", env=env))
            check("NOTIFY_SOCKET" not in seen["env"], "the payload has none of the caller's")


def own_cgroup(words):
    """A new cgroup of the hierarchy whose line of mountinfo ends so, or None."""
    for line in open("/proc/self/mountinfo"):
        if line.split(" - ")[1].startswith(words[0]) and line.rstrip().endswith(words[1]):
            path = f"{line.split()[4]}/nsbox-test-{os.getpid()}"
            os.mkdir(path)
            return path


@test(("root",))
def cgroups(t):
    made = [path for path in map(own_cgroup, (("cgroup2 ", ""), ("cgroup ", "pids"))) if path]
    if not made:
        raise Skip("no hierarchy of cgroups is mounted")
    try:
        def move():
            for path in made:
                open(path + "/cgroup.procs", "w").write("0")
        with Named(t) as box:
            check(t.run([t.nsbox, "up", "-d", "--name", "web", t.spec(SPEC)], before=move).status == 0, "up")
            wanted = open(f"/proc/{box.state('web')['pid']}/cgroup").read()
            check(f"nsbox-test-{os.getpid()}" in wanted, "the first command's", wanted)
            exec_ = t.start([t.nsbox, "exec", "web", "--", "/probe", "sleep", "1000"], text=True)
            equal(exec_.stdout.readline(), "ready\n")
            equal([open(f"/proc/{pid}/cgroup").read() for pid in family(exec_.pid)], [wanted] * len(family(exec_.pid)))
            inside = box.good("exec", "web", "--", "/probe", "read", "/proc/self/cgroup")
            check("/.." not in inside, "seen from inside, where the first one is", inside)
        exec_.wait()
    finally:
        for path in made:
            for _ in range(200):
                try:
                    os.rmdir(path)
                    break
                except OSError:
                    time.sleep(0.01)


# A command that says at its socket what it finds in lines of a pipe's: `FILE` beside the specification.
TALKS = """mounts: [/usr, /bin, /lib, /lib64, DIR/words, {type: proc, target: /proc}]
process:
  notify: true
  stop_timeout: 0s
  command:
    - /usr/bin/python3
    - -c
    - |
      import os, socket
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      for line in open("DIR/words"):
          s.sendto(line.strip().replace(";", chr(10)).encode(), os.environ["NOTIFY_SOCKET"])
"""


def say(t, *lines):
    """To the command of TALKS, which ends when the last one has been said."""
    with open(t.path("words"), "w") as pipe:
        pipe.write("".join(line + "\n" for line in lines))
        pipe.flush()


def talks(t):
    os.mkfifo(t.path("words"))
    os.chmod(t.path("words"), 0o666)
    return t.spec(TALKS)


@test()
def ready_when_it_says_so(t):
    with Named(t) as box:
        path = t.path("notify")
        spec = talks(t)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            os.chmod(path, 0o777)
            listener.settimeout(20)
            env = dict(os.environ, NOTIFY_SOCKET=path)
            up = t.start([t.nsbox, "up", "-d", "--name", "web", spec], env=env, text=True)
            pipe = open(t.path("words"), "w")  # it is there when it reads
            equal(box.state("web")["status"], "starting")
            pipe.write("STATUS=nearly;MAINPID=1;FDSTORE=1\n")
            pipe.flush()
            time.sleep(0.2)
            equal((up.poll(), box.state("web")["status"]), (None, "starting"))
            pipe.write("STATUS=done;READY=1\n")
            pipe.flush()
            equal(up.wait(20), 0)
            equal(box.state("web")["status"], "running")
            equal(listener.recv(4096).decode().split(), ["READY=1", f"MAINPID={box.state('web')['supervisor']}"])
            seen = box.good("exec", "web", "--", "/usr/bin/env")
            check("NOTIFY_SOCKET" not in seen, "it is the first command's", seen)
            result = box("exec", "web", "--", "/bin/rm", "/run/nsbox/notify")
            check("Read-only file system" in result.err, "nobody inside takes its place", result)
            pipe.close()
            box.until("web", "ended")
            # Attached: what it says is passed on, but for what is nsbox' own to say.
            up = t.start([t.nsbox, "up", "--status-fd", "1", spec], env=env, text=True)
            say(t, "MAINPID=1;STATUS=nearly", "READY=1;FDNAME=x", "STOPPING=1")
            out = up.communicate(timeout=20)[0]
            equal([json.loads(line)["event"] for line in out.splitlines()], ["executed", "ready", "ended"])
            equal([listener.recv(4096).decode() for _ in range(3)], ["STATUS=nearly\n", "READY=1\n", "STOPPING=1\n"])


@test()
def its_last_words(t):
    """What it said just before its end is passed on all the same: as many as the caller's queue takes. On one CPU
    nobody reads before the end."""
    path = t.path("notify")
    script = """
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
for i in range(8): s.send(b"STATUS=%d" % i)
s.send(b"READY=1")
os._exit(0)
"""
    command = json.dumps(["/usr/bin/python3", "-I", "-S", "-c", script])
    spec = t.spec(f"mounts: [/usr, /bin, /lib, /lib64]\nprocess: {{notify: true, command: {command}}}\n")
    for _ in range(40):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            os.chmod(path, 0o777)
            listener.settimeout(5)
            with on_one_cpu():
                up = t.start([t.nsbox, "up", "--status-fd", "1", spec], env=dict(os.environ, NOTIFY_SOCKET=path), text=True)
                out = up.communicate(timeout=20)[0]
            equal([json.loads(line)["event"] for line in out.splitlines()], ["executed", "ready", "ended"])
            equal([listener.recv(4096).decode() for _ in range(9)], [*(f"STATUS={i}\n" for i in range(8)), "READY=1\n"])
        os.unlink(path)


@test()
def never_ready(t):
    with Named(t) as box:
        spec = talks(t)
        up = t.start([t.nsbox, "up", "-d", "--name", "web", spec], text=True)
        say(t, "STATUS=giving up")
        out, err = up.communicate(timeout=20)
        equal((up.returncode, err), (125, "nsbox: 'web' ended with status 0 before its command was ready; 'nsbox logs web' has its output\n"))
        equal(box.state("web")["status"], "ended")
        # Whoever does not wait for it does not want it.
        up = t.start([t.nsbox, "up", "-d", "--replace", "--name", "web", spec], text=True)
        pipe = open(t.path("words"), "w")
        supervisor = box.state("web")["supervisor"]
        everyone = family(supervisor)
        up.kill(), up.wait()
        gone(*everyone)
        pipe.close()
        up = t.start([t.nsbox, "up", "-d", "--replace", "--name", "web", spec], text=True)
        pipe = open(t.path("words"), "w")
        equal(box("down", "web").status, 0)
        out, err = up.communicate(timeout=20)
        pipe.close()
        check(up.returncode != 0 and "was asked to end before its command was ready" in err, "ended meanwhile", (up.returncode, err))


@test(("root",))
def messages_with_descriptors(t):
    """One may wait as long as it likes for its close: the supervisor is not kept by it."""
    script = """
import array, os, socket, struct, sys, time
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
guest = server.accept()[0]
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1000))
client.setblocking(False)
try:
    while True: client.send(b"x" * 65536)
except BlockingIOError: pass
client.setblocking(True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"READY=1")
s.sendmsg([b"BARRIER=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [client.fileno()]))])
os.close(client.detach())
time.sleep(1000)
"""
    command = json.dumps(["/usr/bin/python3", "-c", script])
    text = f"mounts: [/usr, /bin, /lib, /lib64]\nprocess: {{notify: true, timeout: 2s, stop_timeout: 0s, command: {command}}}\n"
    started = time.time()
    result = t.up(text)
    check(result.status == 124 and time.time() - started < 10, "its time limit holds", result)
    with Named(t) as box:
        box.up("web", text.replace("timeout: 2s, ", "", 1))
        time.sleep(0.3)
        equal(box("exec", "web", "--", "/bin/true").status, 0)


@test()
def a_saved_plan(t):
    with Named(t) as box:
        box.good("plan", "--out", t.path("plan"), t.spec(SPEC))
        box.good("up", "-d", "--name", "saved", t.path("plan"))
        equal(json.loads(box.good("exec", "saved", "--", "/probe"))["cwd"], "/")
        told = json.loads(box.good("inspect", "saved"))
        equal((told["effective_spec"], told["spec"]), (None, t.path("plan")))


@test(callers=("user",))
def without_rights_of_its_own(t):
    """With the host's namespaces alone there is nothing to give up, and exec gives up as much."""
    with Named(t) as box:
        every = ", ".join(f"{name}: host" for name in ("user", "mount", "pid", "ipc", "uts", "net", "cgroup", "time"))
        box.up("plain", f"namespaces: {{{every}}}\nprocess: {{command: [PROBE, sleep, '1000']}}\n")
        seen = json.loads(box.good("exec", "plain", "--", t.probe))
        equal((seen["uid"], seen["gid"], seen["nnp"], set(seen["caps"].values()) - {seen["caps"]["CapBnd"]}), ([UID] * 3, [UID] * 3, 1, {"0" * 16}))


# --- the folder, and what it says ----------------------------------------------------------------
@test()
def r22_state_folder(t):
    """Made by another, reachable by others, a link, or removed while sandboxes run."""
    with Named(t) as box:
        box.up("one")
        pids = family(box.state("one")["supervisor"])
        for mode in (0o755, 0o770, 0o701):
            os.chmod(box.states, mode)
            for verb in (("ps",), ("up", "-d", "--name", "two", t.path("one.yaml")), ("exec", "one", "--", "/probe"), ("down", "one")):
                result = box(*verb)
                check(result.status in (2, 125) and "can be reached by others" in result.err, f"mode {mode:o}", result)
        os.chmod(box.states, 0o700)
        os.rename(box.states, box.states + ".old")
        os.symlink(box.states + ".old", box.states)
        check("is not a folder, or a link to one" in box("ps").err, "a link", box("ps"))
        os.unlink(box.states)
        equal(box.good("ps", "-aq"), "", "removed: nothing is known")
        os.mkdir(box.states, 0o700)
        os.chown(box.states, 12345, 12345)
        check("belongs to another user (uid 12345)" in box("ps").err if t.root else "Permission denied" in box("ps").err, "another's", box("ps"))
        os.rmdir(box.states)
        os.rename(box.states + ".old", box.states)
        equal(box.good("ps", "-q"), "one\n")
        os.chmod(box.states + "/one", 0o755)
        check("'one' in the state folder: openat: Operation not permitted (EPERM)" in box("exec", "one", "--", "/probe").err, "an entry that others can reach")
        for verb, status in (("down", 1), ("ps", 0)):
            result = box(verb, *(["one"] if verb == "down" else []))
            check(result.status == status and "'one' in the state folder: openat: Operation not permitted (EPERM)" in result.err, verb + " of it", result)
        os.chmod(box.states + "/one", 0o700)
        if t.root:
            os.chown(box.states + "/one", 12345, -1)
            check("'one' in the state folder: openat: Operation not permitted (EPERM)" in box("exec", "one", "--", "/probe").err, "another's entry")
            os.chown(box.states + "/one", 0, -1)
        equal(box("down", "one").status, 0)
        gone(*pids)
    if not t.root:
        env = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}
        check("XDG_RUNTIME_DIR is not set" in t.run([t.nsbox, "ps"], env=env).err, "no folder")
        check("not an absolute path" in t.run([t.nsbox, "ps"], env=dict(env, XDG_RUNTIME_DIR="run")).err, "a relative one")
        check("XDG_RUNTIME_DIR is not set" in t.run([t.nsbox, "ps"], env=dict(env, XDG_RUNTIME_DIR="")).err, "an empty one")


@test()
def r13_forged_state(t):
    """A state that its supervisor did not write, a number that is another process by now."""
    with Named(t) as box:
        box.up("web")
        path = box.states + "/web/state.json"
        text = open(path).read()
        state = json.loads(text)
        victim = t.start(["sleep", "1000"])
        try:
            for change in ({"supervisor": victim.pid}, {"start_time": 1}, {"boot_id": "another"}, {"name": "other"}):
                open(path, "w").write(json.dumps({**state, **change}))
                for verb in (("exec", "web", "--", "/probe"), ("down", "web"), ("inspect", "web"), ("wait", "web")):
                    result = box(*verb)
                    check(result.status not in (0,) and "was not written by the process that holds it" in result.err, f"{change} {verb}", result)
                check("not believed" in box.good("ps"), "ps")
            # The supervisor is dead, and its number is given to another: nothing is done to that one.
            open(path, "w").write(text)
            pids = family(state["supervisor"])
            os.kill(state["supervisor"], signal.SIGKILL)
            gone(*pids)
            open(path, "w").write(json.dumps({**state, "supervisor": victim.pid, "pid": victim.pid}))
            equal(box.state("web")["status"], "lost")
            equal(box("exec", "web", "--", "/probe").status, 125)
            equal(box("down", "web").status, 0)
            check(victim.poll() is None, "the other process lives")
        finally:
            victim.kill()
            victim.wait()


@test()
def an_unreadable_state(t):
    with Named(t) as box:
        box.up("web")
        path = box.states + "/web/state.json"
        text = open(path).read()
        for damage in ("", "{", "[]", "null", '{"state_version": 99}', '{"state_version": 1}', "x" * 100000, text.replace('"running"', '{"a": []}')):
            open(path, "w").write(damage)
            for verb in (("ps", "-a"), ("ps", "-a", "--format", "json"), ("inspect", "web"), ("ns", "web")):
                result = box(*verb)
                check(result.status in (0, 2) and "terminate" not in result.err, f"{damage[:30]!r} {verb}", result)
        open(path, "w").write(text)
        equal(box.state("web")["status"], "running")
        os.rename(path, path + ".new")
        for make in (os.mkfifo, os.mkdir, lambda path: os.symlink(path + ".new", path), lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 1 << 30), *([lambda path: os.chown(shutil.copy(path + ".new", path), 12345, 12345)] if t.root else [])):
            make(path)
            check(box.state("web")["status"] != "running", "nothing of it is read", box("ps", "-a"))
            os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        os.rename(path + ".new", path)
        equal(box.state("web")["status"], "running")
        equal(box("down", "--timeout", "0", "web").status, 0)


@test()
def r15_down_removes_only_its_own(t):
    with Named(t) as box:
        box.up("web")
        entry, other = box.states + "/web", t.write("kept", "kept")
        open(entry + "/foreign", "w").close()
        os.unlink(entry + "/log")
        os.symlink(other, entry + "/log")
        result = box("down", "web")
        check(result.status == 1 and "Directory not empty" in result.err, "what nsbox did not make stays", result)
        equal(open(other).read(), "kept")
        os.unlink(entry + "/foreign")
        equal(box("down", "web").status, 0)


@test(callers=("root",))
def r21_no_socket_for_others(t):
    """The control socket is a path in a folder of the owner's; no name of it is abstract."""
    with Named(t) as box:
        box.up("web", "mounts: [PROBE:/probe]\nnamespaces: {net: host}\nprocess: {command: [/probe, sleep, '1000']}\n")
        check("@nsbox" not in open("/proc/net/unix").read(), "abstract names")
        path = box.states + "/web/control"
        code = f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ntry: s.connect({path!r}); print('connected')\nexcept OSError as e: print(e.errno)"
        result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, preexec_fn=lambda: (os.setgroups([]), os.setresgid(UID, UID, UID), os.setresuid(UID, UID, UID)))
        equal(result.stdout, "13\n", "another user's connect")
        # One who has a descriptor of it all the same is not answered.
        os.chmod(box.states, 0o711), os.chmod(box.states + "/web", 0o711), os.chmod(path, 0o777)
        code = f"import socket, struct, array\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect({path!r})\ns.sendmsg([struct.pack('IIq', 1, 1, 0)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [b.fileno()]))]); b.close(); a.settimeout(5); print(len(a.recv(4096)))"
        result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, preexec_fn=lambda: (os.setgroups([]), os.setresgid(UID, UID, UID), os.setresuid(UID, UID, UID)))
        os.chmod(path, 0o755), os.chmod(box.states + "/web", 0o700), os.chmod(box.states, 0o700)
        equal(result.stdout, "0\n", "another user's request")
        equal(box.state("web")["status"], "running")


@test()
def r21_another_answers(t):
    """One that listens in the supervisor's place is not believed."""
    with Named(t) as box:
        box.up("web")
        path = box.states + "/web/control"
        os.rename(path, path + ".away")
        script = f"""
import array, os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind({path!r})
print("ready", flush=True)
for _ in range(2):
    data, rest, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
    reply = socket.socket(fileno=array.array("i", rest[0][2][:4])[0])
    reply.send(b"\\0" * 16)
    reply.close()
"""
        liar = t.start([sys.executable, "-c", script])
        try:
            equal(liar.stdout.readline(), b"ready\n")
            for verb in (("exec", "web", "--", "/probe"), ("wait", "web")):
                result = box(*verb)
                check(result.status not in (0,) and f"the answer is not from its supervisor, but from process {liar.pid}" in result.err, str(verb), result)
        finally:
            liar.kill()
            liar.communicate()
        os.rename(path + ".away", path)
        equal(box.state("web")["status"], "running")


# --- a hostile payload ---------------------------------------------------------------------------
@test()
def r05_nobody_reaches_a_joining_process(t):
    """While exec runs again and again, the payload tries to trace and to read every new process."""
    with Named(t) as box:
        box.up("spy", PROBE + "process: {command: [/probe, spy]}\nsecurity: {seccomp: 'off'}\n")
        for _ in range(1000 if LONG else 20 if SANITIZED or SLOW > 1 else 60):
            equal(box("exec", "-e", "TOKEN=hunter2", "spy", "--", "/probe", "exit", "0").status, 0)
        # So does `up`, which joins.
        joins = t.spec(PROBE + "vars: {TOKEN: none}\nhostname: ${TOKEN}\nnamespaces: {user: {join: 'sandbox:spy'}, pid: {join: 'sandbox:spy'}}\nprocess: {init: false}\n", "joins.yaml")
        for _ in range(20):
            equal(box("up", "--set", "TOKEN=hunter2", joins, "--", "/probe", "exit", "0").status, 0)
        equal(box("exec", "spy", "--", "/probe", "kill", "2", "15").out, "ok\n")
        box("wait", "spy")
        log = box.good("logs", "spy")
        looked = int(log.split("looked ")[1].split()[0])
        check(looked > 0 and "reached" not in log, "what the payload reached", log)


@test()
def r09_a_payload_that_rewrites_everything(t):
    """Its passwd, its folders under Landlock's rules, its programs: exec is what it was."""
    with Named(t) as box:
        t.mkdir("rw")
        for name in ("passwd", "group"):
            t.write("rw/" + name, "some:x:7:8::/:\n" if name == "passwd" else "folk:x:9:\n")
        os.makedirs(t.path("rw/data"), exist_ok=True)
        t.owned(t.path("rw/data"))
        shutil.copy(t.probe, t.path("rw/tool"))
        t.owned(t.path("rw/tool"))
        ids = "id_maps: " + ("shift" if t.root else "subids") + "\n"
        box.up("liar", ids + PROBE + "  - DIR/rw:/etc:rw\nprocess: {command: [/probe, sleep, '1000'], user: some, group: folk}\n"
               "security: {landlock: {read: [/proc, /etc/data], execute: [/probe], write: [/etc/data]" + BEST_EFFORT + "}}\nallow_warnings: {writable-bind-as-root: a test}\n")
        before = json.loads(box.good("exec", "liar", "--", "/probe"))
        equal((before["uid"][0], before["gid"][0]), (7, 9))
        t.write("rw/passwd", "some:x:0:0::/:\n")
        t.write("rw/group", "folk:x:0:\n")
        os.rename(t.path("rw/data"), t.path("rw/was"))
        os.symlink("/", t.path("rw/data"))
        after = json.loads(box.good("exec", "liar", "--", "/probe"))
        before.pop("pid"), after.pop("pid")
        equal({key for key in before if before[key] != after[key]} - {"sid", "pgid", "processes"}, set(), "what differs")
        equal(box("exec", "liar", "--", "/probe", "read", "/etc/passwd").out, "EACCES", "Landlock's rules are those that were made at the beginning")


@test()
def r04_cwd_of_exec(t):
    """No magic link leads out, whatever the payload puts on the way."""
    with Named(t) as box:
        t.mkdir("rw")
        box.up("web", PROBE + "  - DIR/rw:/rw:rw\nprocess: {command: [/probe, sleep, '1000']}\nallow_warnings: {writable-bind-as-root: a test}\n")
        for target in ("/proc/self/fd/%d" % each for each in range(3, 24)):
            result = box("exec", "-w", target, "web", "--", "/probe")
            check(result.status == 125 and "chdir" in result.err, target, result)
        for target in ("/proc/self/cwd", "/proc/1/root", "/proc/1/cwd", "/proc/self/root"):
            os.symlink(target, t.path("rw/link"))
            result = box("exec", "-w", "/rw/link", "web", "--", "/probe")
            check(result.status == 125 and "chdir" in result.err, target, result)
            os.unlink(t.path("rw/link"))


# --- many ----------------------------------------------------------------------------------------
@test()
def many_clients(t):
    """Twenty clients with the same ten names: no deadlock, nothing doubled, the state valid at every moment."""
    with Named(t) as box:
        spec = t.spec(SPEC.replace("2s", "100ms"))
        names = [f"n{i}" for i in range(10)]
        until = time.time() + (180 if LONG else 6)
        problems, counts = [], {}
        fine = {"up": (0, 125), "exec": (0, 125, 137), "ps": (0,), "down": (0,), "inspect": (0, 2)}

        def client(seed):
            dice = random.Random(seed)
            # On a machine that has other work, so long that enough have come up.
            while (time.time() < until or counts.get(("up", 0), 0) <= 10 and time.time() < until + 60) and not problems:
                verb, name = dice.choice(("up", "up", "exec", "ps", "down", "inspect")), dice.choice(names)
                words = {"up": ["-d", "--name", name, spec] + (["--replace"] if dice.random() < .3 else []), "exec": [name, "--", "/probe", "exit", "0"], "ps": ["-a", "--format", "json"], "down": ["--timeout", "0", name], "inspect": [name]}[verb]
                try:
                    result = box(verb, *words, timeout=60)
                except Failed as problem:
                    return problems.append(f"{verb} {name}: {problem}")
                counts[verb, result.status] = counts.get((verb, result.status), 0) + 1
                if result.status not in fine[verb] or "not believed" in result.out + result.err or "not written by" in result.err:
                    problems.append(f"{verb} {name}: {result}")
                elif verb == "up" and result.status == 125 and not any(words in result.err for words in ("is in use", "taken again and again", "asked to end before its command")):
                    problems.append(f"{verb} {name}: {result}")
                elif verb == "ps":
                    listed = [each["name"] for each in result.json()["sandboxes"]]
                    if len(listed) != len(set(listed)):
                        problems.append(f"doubled: {listed}")
        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        check(not problems, "twenty clients", *problems[:3], counts)
        check(counts.get(("up", 0), 0) > 10, "some came up", counts)
        box.good("down", "--all", "--timeout", "0")
        for _ in range(500):
            left = [pid for pid in os.listdir("/proc") if pid.isdigit() and title(pid).startswith("nsbox: n")]
            if not left:
                break
            time.sleep(0.01)
        equal([title(pid) for pid in left], [], "processes left")


def title(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return ""


@test()
def many_sandboxes(t):
    with Named(t) as box:
        count = 1000 if LONG else 10 if SANITIZED or SLOW > 1 else 40
        spec = t.spec(SPEC)
        mounts_before, names = open("/proc/self/mountinfo").read(), [f"m{i}" for i in range(count)]
        before = host()
        for name in names:
            box.good("up", "-d", "--name", name, spec)
        equal(len(box.good("ps", "-q").split()), count)
        pids = [pid for each in json.loads(box.good("ps", "--format", "json"))["sandboxes"] for pid in (each["pid"], each["supervisor"])]
        box.good("down", "--all", timeout=120)
        gone(*pids)
        equal(open("/proc/self/mountinfo").read(), mounts_before)
        if LONG:  # when nothing else may be running
            equal(settled(before), before)


# --- namespaces ----------------------------------------------------------------------------------
@test()
def joined_by_name(t):
    with Named(t) as box:
        box.up("web", PROBE + "hostname: web\nnamespaces: {time: new}\nprocess: {command: [/probe, sleep, '1000']}\n")
        wanted = json.loads(box.good("exec", "web", "--", "/probe"))["namespaces"]
        files = {"mount": "mnt"}
        for types in ([each] for each in ("uts", "ipc", "net", "cgroup", "pid", "time")):
            others = ", ".join(f"{each}: {{join: 'sandbox:web'}}" for each in ["user", *types])
            text = "mounts:\n  - PROBE:/probe\n" + ("  - {type: proc, target: /proc}\n" if types == ["pid"] else "") + f"namespaces: {{pid: host, {others}}}\n".replace("pid: host, " if types == ["pid"] else "\0", "")
            if types != ["pid"]:
                text = text.replace("mounts:\n  - PROBE:/probe\n", "").replace("namespaces: {", "namespaces: {mount: host, ")
            seen = t.see(text, "/probe" if types == ["pid"] else t.probe)["namespaces"]
            for each in ["user", *types]:
                equal(seen[files.get(each, each)], wanted[files.get(each, each)], f"{types}: {each}")
            differ = [each for each in ("uts", "ipc", "net") if each not in types and seen[each] == wanted[each]]
            equal(differ, [], "no other is joined")
        every = ", ".join(f"{each}: {{join: 'sandbox:web'}}" for each in ("user", "mount", "pid", "ipc", "uts", "net", "cgroup", "time"))
        equal(t.see(f"namespaces: {{{every}}}\n", "/probe")["namespaces"], wanted, "all eight")
        err = t.sentence("namespaces: {user: {join: 'sandbox:absent'}, uts: {join: 'sandbox:absent'}, mount: host, pid: host}\n", t.probe)
        check("spec.yaml:2" in err and "sandbox:absent" in err and "there is none of that name" in err, "an absent one", err)


@test(callers=("root",))
def pins(t):
    with Named(t), on_one_cpu():
        t.mkdir("pins")
        types = ("user", "ipc", "uts", "net", "cgroup", "time", "mount")
        pins = ", ".join(f"{each}: {{pin: DIR/pins/{each}}}" for each in types)
        before = open("/proc/self/mountinfo").read()
        spec = f"mounts: [PROBE:/probe, {{type: proc, target: /proc}}]\nnamespaces: {{{pins}}}\nhostname: kept\ntime_offsets: {{boottime: 1h}}\n"
        wanted = t.see(spec)["namespaces"]
        listed = t.run([t.nsbox, "ns", "--format", "json"]).json()["namespaces"]
        for each in types:
            found = [one for one in listed if t.path("pins/" + each) in one["pins"]]
            check(len(found) == 1 and found[0]["processes"] == [], f"{each} is listed, with nobody in it", found)
            equal(f"{ {'mount': 'mnt'}.get(each, each)}:[{found[0]['inode']}]", wanted[{"mount": "mnt"}.get(each, each)])
        err = t.sentence(spec, "/probe")
        check("holds a namespace already" in err and "nsbox unpin" in err, "a pin that is there", err)
        joins = ", ".join(f"{each}: {{join: DIR/pins/{each}}}" for each in types if each not in ("mount",))
        seen = t.see(f"namespaces: {{{joins}, mount: host, pid: host}}\n", t.probe)
        equal({key: value for key, value in seen["namespaces"].items() if key not in ("mnt", "pid")}, {key: value for key, value in wanted.items() if key not in ("mnt", "pid")})
        equal(seen["hostname"], "kept")
        # A launch that fails leaves none.
        t.sentence(f"mounts: [PROBE:/probe, {{type: fs, fstype: nonesuch, target: /x}}]\nnamespaces: {{uts: {{pin: DIR/pins/late}}}}\n", "/probe")
        check(not os.path.exists(t.path("pins/late")), "no pin of a failed launch")
        check("no namespace is pinned there" in t.run([t.nsbox, "unpin", t.path("spec.yaml")]).err, "unpin of a file")
        equal(t.run([t.nsbox, "unpin", *(t.path("pins/" + each) for each in types)]).status, 0)
        equal(os.listdir(t.path("pins")), [])
        equal(open("/proc/self/mountinfo").read(), before)


@test()
def side_by_side(t):
    with Named(t) as box:
        box.up("a"), box.up("b", SPEC + "namespaces: {net: host}\n")
        out = t.run([t.nsbox, "ns", "--format", "json", "a", "b", str(os.getpid()) if t.root else "a"]).json()
        own, a, b = out["targets"][0], out["targets"][1], out["targets"][2]
        equal(own["target"], "self")
        check(b["same_as_self"]["net"] and not a["same_as_self"]["net"] and a["same_as_self"]["time"], "same and different", out["targets"])
        net = [each for each in out["namespaces"] if each["inode"] == a["namespaces"]["net"]][0]
        equal((net["type"], net["own"], net["pins"]), ("net", False, []))
        text = t.run([t.nsbox, "ns", "--explain", "a", "b"]).out
        check("a and b:" in text and "both can listen at the same port" in text, "explained", text)
        equal(t.run([t.nsbox, "ns", "4194304"]).status, 2)
        equal(t.run([t.nsbox, "ns", "absent"]).status, 2)
        check(t.run([t.nsbox, "ns"]).status == 0, "all of them")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
