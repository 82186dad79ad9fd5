#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The escape examination: a static program tries to get out of a sandbox (inside.c), and this judge
plays the host around it. The host is made for each run, of new namespaces (all but user, cgroup and
time), and furnished with what a sandbox must not reach: files, sockets, queues, keys, secrets,
processes, a terminal.

A probe is `held`, `escaped` (not ok), or `skipped` when the thing is missing from this kernel, which
a run without any sandbox shows (`open`, as root); that the sandbox hides it is no reason to skip. The
same run tells which probes prove nothing here, since nothing stops them and they do not get through.

nsbox runs twice for each caller, the second time with all capabilities (`granted`): what these are not
for must hold with them as well. With --launcher bwrap or open the verdicts stand beside nsbox' own, as
a table."""
import argparse, array, ctypes, fcntl, hashlib, json, os, re, resource, secrets, shutil, signal, socket, struct, subprocess, sys, termios, time, traceback
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "box"))
from lib import CLONE_NEWNS, MS_REC, SLOW, UID, Failed, check, libc, own_machine

CLONE_NEWTIME = 0x80
CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
MS_SHARED = 1 << 20
GROUP, STRANGER = 61235, 61299  # of the caller beside its own; of planted files
HOSTNAME, ADDRESS, INTERFACE, ABSTRACT, QUEUE = "the-real-host", "198.51.100.7", "canary0", "escape-canary", "/escape-canary"
ADD_KEY, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]  # glibc has no functions for them
NEW_KEYRING, CALLERS_SESSION = 1, -3
SLACK, NO_RANDOMIZE = 12345678, 0x40000


def done(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))
    return result


def difference(before, after):
    if isinstance(before, list):
        before, after = [each for each in before if each not in after], [each for each in after if each not in before]
    return f"{before} became {after}"


class Host:
    """What stands around one sandbox. All of it goes with its namespaces and its folder."""

    def __init__(self, caller, program, nsbox):
        self.caller, self.uid, self.token = caller, 0 if caller == "root" else UID, secrets.token_hex(16)
        self.scratch = own_machine()
        self.folder = os.path.join(self.scratch, "host")
        self.program, self.nsbox = (shutil.copy(each, os.path.join(self.scratch, name)) for each, name in ((program, "inside"), (nsbox, "nsbox")))
        self.facts = {"token": self.token, "key": "escape-" + self.token, "mqueue": QUEUE, "abstract": ABSTRACT, "address": ADDRESS, "hostname": HOSTNAME}

    def furnish(self):
        done(libc.mount(b"proc", b"/proc", b"proc", 0, None), "/proc")
        socket.sethostname(HOSTNAME)
        self.files()
        self.network()
        self.objects()
        self.victim = self.start_victim()
        self.facts["victim"] = self.victim
        self.master, self.terminal = os.openpty()
        # As on most hosts: what is mounted below "/" spreads to those who do not ask otherwise.
        done(libc.mount(None, b"/", None, MS_REC | MS_SHARED, None), "shared")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, *names, mode=0o644, owner=None):
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(self.token + "\n")
        os.chown(path, *(owner or (self.uid, self.uid)))
        os.chmod(path, mode)
        return path

    def files(self):
        self.facts["canary"] = self.write("vault", "canary")
        self.write("ro", "file")
        for name in ("ro/below", "vault/mount", "rw", "mqueue"):
            os.makedirs(self.path(name))
            os.chown(self.path(name), self.uid, self.uid)
        os.chown(self.path("ro"), self.uid, self.uid)
        for name in ("ro/below", "vault/mount"):
            done(libc.mount(b"escape", self.path(name).encode(), b"tmpfs", 0, b"mode=0777"), name)
        for kind, path in (("debugfs", "/sys/kernel/debug"), ("tracefs", "/sys/kernel/tracing"), ("securityfs", "/sys/kernel/security")):
            libc.mount(b"none", path.encode(), kind.encode(), 0, None)  # as most hosts have them; not every kernel
        self.write("ro", "below", "file")
        self.facts["vault"] = self.path("vault")
        self.write("rw", "denied", mode=0o604, owner=(STRANGER, GROUP))
        os.symlink(self.facts["canary"], self.path("rw", "link"))
        os.symlink("../" * 20 + self.facts["canary"][1:], self.path("rw", "up"))
        os.mknod(self.path("rw", "node"), 0o20666, os.makedev(1, 5))
        os.chmod(self.path("rw", "node"), 0o666)
        for name in ("helper", "capable"):
            shutil.copy(self.program, self.path("rw", name))
        os.chown(self.path("rw", "helper"), STRANGER, STRANGER)
        os.chmod(self.path("rw", "helper"), 0o6755)
        os.chmod(self.path("rw", "capable"), 0o755)
        os.setxattr(self.path("rw", "capable"), "security.capability", struct.pack("<5I", 0x02000001, 0, 0, 1 << 3, 0))  # CAP_WAKE_ALARM
        handle, mount = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136), ctypes.c_int()
        if libc.name_to_handle_at(-100, self.facts["canary"].encode(), handle, ctypes.byref(mount), 0) == 0:
            size, self.facts["handle_type"] = struct.unpack("Ii", handle.raw[:8])
            self.facts["handle"] = handle.raw[8:8 + size].hex()

    def network(self):
        with socket.socket() as control:
            address = lambda name, text: struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
            fcntl.ioctl(control, 0x8916, address("lo:1", ADDRESS))  # SIOCSIFADDR
            try:
                fcntl.ioctl(control, 0x89a0, INTERFACE.encode() + b"\0")  # SIOCBRADDBR
                self.facts["interface"] = INTERFACE
            except OSError:
                pass  # a kernel without bridges: lo and its second address are what there is
        self.listeners = [socket.socket(socket.AF_UNIX), socket.socket()]
        self.listeners[0].bind("\0" + ABSTRACT)
        self.listeners[1].bind(("0.0.0.0", 0))
        for each in self.listeners:
            each.listen(8)
        self.facts["port"] = self.listeners[1].getsockname()[1]
        self.facts["port_hex"] = "%04X" % self.facts["port"]

    def objects(self):
        key = self.facts["ipc_key"] = secrets.randbelow(1 << 30) + 1
        for made in (libc.shmget(key, 4096, 0o1666), libc.msgget(key, 0o1666), libc.semget(key, 1, 0o1666)):
            done(made, "System V")
        os.close(done(libc.mq_open(QUEUE.encode(), os.O_CREAT | os.O_RDWR, 0o666, None), "mq_open"))
        done(libc.mount(b"mqueue", self.path("mqueue").encode(), b"mqueue", 0, None), "mqueue")
        done(libc.mount(b"shm", b"/dev/shm", b"tmpfs", 0, b"mode=1777"), "/dev/shm")
        with open("/dev/shm/canary", "w") as file:
            file.write(self.token)

    def start_victim(self):
        """Another process of the caller, with a number that no sandbox gets to, in namespaces of its own."""
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write("29999")
        pid = os.fork()
        if pid == 0:
            libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)
            os.setsid()
            self.demote()
            os.chdir(self.path("vault"))
            os.set_inheritable(os.open("canary", os.O_RDONLY), True)
            os.execve(self.program, ["inside", "pause"], {"SECRET": self.token})
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write("100")
        return pid

    def demote(self):
        os.setgroups([GROUP])
        os.setresgid(self.uid, self.uid, self.uid)
        os.setresuid(self.uid, self.uid, self.uid)

    def become_caller(self):
        """The launcher's caller leaves lying about whatever a sandbox could inherit."""
        os.setsid()
        fcntl.ioctl(self.terminal, termios.TIOCSCTTY, 0)
        libc.personality(NO_RANDOMIZE)
        libc.prctl(29, SLACK, 0, 0, 0)  # PR_SET_TIMERSLACK
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        os.chdir(self.path("vault"))
        if self.uid == 0:
            self.make_inheritable()
        for number in range(100):
            os.set_inheritable(os.open("." if number % 2 else "canary", os.O_RDONLY), True)
        self.demote()
        libc.syscall(KEYCTL, NEW_KEYRING, None)
        libc.syscall(ADD_KEY, b"user", self.facts["key"].encode(), self.token.encode(), len(self.token), CALLERS_SESSION)
        sentinel = os.fork()  # in the launcher's process group, to be hit by kill(0)
        if sentinel == 0:
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which it gets when the launcher, its session's leader, ends
            os.execv(self.program, ["inside", "pause", "sentinel"])
        os.umask(0)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def make_inheritable(self):
        header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
        done(libc.capget(header, data), "capget")
        low, permitted, _, high, permitted_high, _ = struct.unpack("6I", data.raw)
        done(libc.capset(header, struct.pack("6I", low, permitted, permitted, high, permitted_high, permitted_high)), "capset")
        done(libc.prctl(47, 2, 0, 0, 0), "PR_CAP_AMBIENT_RAISE of CAP_CHOWN")

    def processes(self):
        """{pid: arguments} of all that are alive."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
                found[int(pid)] = open(f"/proc/{pid}/cmdline", "rb").read().decode("utf-8", "replace").split("\0")[:-1]
            except OSError:
                continue
            if state in "ZX":
                del found[int(pid)]
        return found

    def digest(self):
        total = hashlib.sha256()
        for path in (self.nsbox, self.program, self.path("vault/canary"), self.path("ro/file"), self.path("ro/below/file"), "/dev/shm/canary"):
            total.update(open(path, "rb").read() + str(os.stat(path).st_mode).encode())
        return total.hexdigest()

    def picture(self):
        queue = array.array("i", [0])
        fcntl.ioctl(self.terminal, termios.FIONREAD, queue)
        return {
            "files.mount_reaches_host": [line.split()[4] for line in open("/proc/self/mountinfo")],
            "files.unchanged": self.digest(),
            "ipc.left": [[line.split()[:2] for line in open("/proc/sysvipc/" + name)] for name in ("shm", "msg", "sem")] + [sorted(os.listdir(self.path("mqueue"))), os.listdir("/dev/shm")],
            "privileges.sethostname": os.uname().nodename,
            "terminal.queue": [queue[0], repr(termios.tcgetattr(self.terminal))],
        }

    def run(self, launcher, words):
        self.furnish()
        if launcher == "entered":
            self.make_states()
        before = self.picture()
        argv, paths = LAUNCHERS[launcher](self)
        if launcher == "entered":
            self.named("up", "-d", "--name", "entered", self.spec, "--", "/usr/bin/sleep", "1000")
        argv += [f"{key}={value}" for key, value in {**self.facts, **paths}.items()] + words
        process = subprocess.Popen(argv, stdin=self.terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=self.become_caller, close_fds=False, env=self.environment())
        try:
            out, err = (text.decode("utf-8", "replace") for text in process.communicate(timeout=120 * SLOW))
        except subprocess.TimeoutExpired:
            raise Failed(f"{launcher} did not end")
        if launcher == "entered":
            self.named("down", "--timeout", "0", "entered")
        verdicts = {}
        for line in out.splitlines():
            name, _, rest = line.partition(" ")
            verdicts[name] = rest.partition(" ")[::2]
        # The last probe kills all that it can: entered by exec, also the sandbox' first process, and so itself.
        last, end = verdicts.pop("last", None), verdicts.pop("end", None)
        check(end or (last and launcher == "entered"), f"{launcher} ended with {process.returncode} before the last probe", out[-500:], err)
        chosen = lambda name: not words or any(word in name for word in words)
        for name, problem in {**self.compare(before), **self.look_at_processes()}.items():
            if name in verdicts or chosen(name):
                detail = verdicts.get(name, ("", ""))[1]
                verdicts[name] = ("escaped", problem) if problem else ("held", detail or "as it was")
        return {name: verdict for name, verdict in verdicts.items() if ONLY.get(name, self.caller) == self.caller and not (launcher == "granted" and OWN_RIGHTS.match(name))}

    def environment(self):
        return {"PATH": os.environ["PATH"], "SECRET": self.token, "HOME": "/nonexistent", "XDG_RUNTIME_DIR": os.path.join(self.scratch, "states")}

    def make_states(self):
        """A state folder of the caller's own; root's lies in a /run of this host's."""
        done(libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, b"mode=755"), "/run")
        states = os.path.join(self.scratch, "states")
        os.mkdir(states, 0o700)
        os.chown(states, self.uid, self.uid)

    def named(self, *words):
        result = subprocess.run([self.nsbox, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=self.demote, env=self.environment())
        check(result.returncode == 0, " ".join(words), result.stderr)

    def compare(self, before):
        after = self.picture()
        return {name: None if after[name] == before[name] else difference(before[name], after[name]) for name in before}

    def look_at_processes(self):
        """The kernel takes a moment to kill a namespace."""
        known = lambda pid, argv: pid in (1, self.victim) or argv[-1:] == ["sentinel"]
        for _ in range(40):
            alive = self.processes()
            left = {pid: argv for pid, argv in alive.items() if not known(pid, argv)}
            if not left:
                break
            time.sleep(0.05)
        return {
            "processes.orphan": f"still there: {list(left.values())[:3]}" if left else None,
            "processes.kill_all": None if self.victim in alive else "a process of the host was ended",
            "processes.kill_group": None if any(argv[-1:] == ["sentinel"] for argv in alive.values()) else "a process of the caller's group was ended",
        }

    def remove(self):
        """Also what a sandbox mounted and left in its way; the namespaces go by themselves."""
        for line in reversed(open("/proc/self/mountinfo").readlines()):
            if self.scratch in line:
                libc.umount2(line.split()[4].encode(), 2)
        shutil.rmtree(self.scratch)


# What capabilities in the sandbox' own namespaces may well do there; all else holds with them as well.
OWN_RIGHTS = re.compile(r"""privileges\.(?!sethostname)|files\.(chroot|remount_readonly|unmount_submount|set_capability|planted_setuid|planted_capability|\w+_set[ug]id)
    |network\.(raw6?|packet|vsock|alg|key|xdp|bluetooth|tipc|can)$
    |kernel\.(?!settimeofday|adjtimex|clock_adjtime|swap|acct|syslog|kexec|\w*_module|iop|vhangup|key_of_caller|unknown_calls)""", re.X)
# The kernel keeps an ordinary user's groups, so that a file which denies one stays denied; root's are dropped.
ONLY = {"files.group_denied": "user", "inherited.groups": "root"}
INSIDE = {"rw": "/rw", "ro": "/ro"}


def nsbox(host, more=""):
    spec = os.path.join(host.scratch, "spec.yaml")
    with open(spec, "w") as file:
        file.write(f"""nsbox: 1
hostname: sandbox
mounts:
  - /usr
  - {{type: symlink, target: /bin, to: usr/bin}}
  - {{type: symlink, target: /lib, to: usr/lib}}
  - {{type: symlink, target: /lib64, to: usr/lib64}}
  - {{type: proc, target: /proc}}
  - {{type: dev, target: /dev}}
  - {{type: sysfs, target: /sys}}
  - {{type: cgroup2, target: /sys/fs/cgroup, optional: true}}
  - {{type: tmpfs, target: /tmp, size: 64M, mode: "1777"}}
  - {host.program}:/inside
  - {host.path("rw")}:/rw:rw
  - {host.path("ro")}:/ro
{more}""")
    return [host.nsbox, "up", spec, "--", "/inside"], INSIDE


def entered(host):
    """By exec, into a sandbox that runs already."""
    host.spec = nsbox(host)[0][2]
    return [host.nsbox, "exec", "-i", "entered", "--", "/inside"], INSIDE


def granted(host):
    """nsbox with every capability, in the sandbox' own user namespace: that must confine them."""
    return nsbox(host, "security: {capabilities: all}\n")


def bwrap(host):
    return ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            "--ro-bind", host.program, "/inside", "--bind", host.path("rw"), "/rw", "--ro-bind", host.path("ro"), "/ro", "--chdir", "/", "--", "/inside"], INSIDE


def nothing(host):
    """No sandbox: the control, in which every probe should get through."""
    return [host.program], {name: host.path(name) for name in INSIDE}


LAUNCHERS = {"nsbox": nsbox, "entered": entered, "granted": granted, "bwrap": bwrap, "open": nothing}


def in_a_host(launcher, caller, words):
    """The verdicts of one run, from a process that is the first of new namespaces."""
    end, start = os.pipe()
    outer = os.fork()
    if outer == 0:
        try:
            done(libc.unshare(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET), "unshare")
            inner = os.fork()
            if inner:
                os.close(start)
                os._exit(os.waitpid(inner, 0)[1] != 0)
            libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
            os.close(end)
            host = answer = None
            try:
                host = Host(caller, os.environ["NSBOX_INSIDE"], os.environ["NSBOX"])
                answer = {"verdicts": host.run(launcher, words)}
            except Exception as problem:
                answer = {"problem": str(problem) if isinstance(problem, Failed) else traceback.format_exc()}
            finally:
                os.write(start, json.dumps(answer).encode())
                os.chdir("/")
                if host:
                    host.remove()
        finally:
            os._exit(0)
    os.close(start)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    os.waitpid(outer, 0)
    answer = json.loads(text or '{"problem": "the host could not be made"}')
    if "problem" in answer:
        raise Failed(f"{launcher} as {caller}: {answer['problem']}")
    return answer["verdicts"]


def settle(verdicts, control):
    """What is absent is missing from the kernel only if it is so without a sandbox."""
    for name, (verdict, detail) in verdicts.items():
        if verdict == "absent":
            verdicts[name] = ("skipped", "not in this kernel: " + control[name][1]) if control.get(name, ("",))[0] == "absent" else ("held", detail)
    return verdicts


def table(columns):
    """columns: {(launcher, caller): verdicts}"""
    names = list(dict.fromkeys(name for verdicts in columns.values() for name in verdicts))
    print(f"{'':36}" + "".join(f"{launcher + ' ' + caller:>13}" for launcher, caller in columns))
    for name in names:
        print(f"{name:36}" + "".join(f"{verdicts.get(name, ('-',))[0]:>13}" for verdicts in columns.values()))
    for (launcher, caller), verdicts in columns.items():
        print(f"{launcher} as {caller}: {count(verdicts.values())}")


def count(verdicts):
    tally = [verdict for verdict, _ in verdicts]
    broken = len(tally) - sum(tally.count(word) for word in ("held", "escaped", "skipped"))
    return ", ".join(f"{tally.count(word)} {word}" for word in ("held", "escaped", "skipped")) + (f", {broken} broken" if broken else "")


def tap(columns):
    """A line for each probe and caller; what the kernel lacks is said once."""
    rows = {}
    for (launcher, caller), verdicts in columns.items():
        for name, verdict in verdicts.items():
            label = f"{name} as {caller}" + {"granted": " with all capabilities", "entered": " by exec"}.get(launcher, "")
            rows[name if verdict[0] == "skipped" else label] = verdict
    print(f"1..{len(rows)}")
    for number, (label, (verdict, detail)) in enumerate(rows.items(), 1):
        good = verdict in ("held", "skipped")
        print(f"{'' if good else 'not '}ok {number} {label}" + (f" # SKIP {detail}" if verdict == "skipped" else "" if good else f"\n#   {verdict}: {detail}"))
    print("# " + count(rows.values()))
    return any(verdict not in ("held", "skipped") for verdict, _ in rows.values())


def main():
    options = argparse.ArgumentParser(description="tries to escape from a sandbox")
    options.add_argument("--launcher", choices=LAUNCHERS, default="nsbox")
    options.add_argument("--caller", choices=("root", "user"), help="default: both")
    options.add_argument("--table", action="store_true", help="verdicts side by side instead of TAP")
    options.add_argument("--details", action="store_true", help="what each probe saw")
    options.add_argument("word", nargs="*", help="only probes whose name holds it")
    chosen = options.parse_args()
    if os.geteuid() != 0:
        print("1..1\nok 1 the escape examination # SKIP it is started as root; it acts as an ordinary user itself")
        return 0
    callers = [chosen.caller] if chosen.caller else ["root", "user"]
    control = {caller: in_a_host("open", caller, chosen.word) for caller in dict.fromkeys(["root", *callers])}
    columns = {}
    for launcher in ["nsbox", *(["entered", "granted"] if chosen.launcher == "nsbox" else [chosen.launcher])]:
        for caller in callers:
            columns[launcher, caller] = settle(dict(control[caller]) if launcher == "open" else in_a_host(launcher, caller, chosen.word), control["root"])
    if chosen.details:
        for (launcher, caller), verdicts in columns.items():
            for name, (verdict, detail) in verdicts.items():
                print(f"# {launcher} {caller} {name} {verdict}: {detail}")
    through = {name for verdicts in control.values() for name, (verdict, _) in verdicts.items() if verdict == "escaped"}
    unproven = sorted({name for verdicts in columns.values() for name, (verdict, _) in verdicts.items() if verdict == "held"} - through)
    if unproven:
        print("# held without a sandbox as well: " + " ".join(unproven))
    if chosen.table or chosen.launcher not in ("nsbox", "granted", "entered"):
        return table(columns)
    return tap(columns)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        print("1..1\nnot ok 1 the escape examination\n" + "\n".join("#   " + line for line in str(problem).splitlines()))
        sys.exit(1)
