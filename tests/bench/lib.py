# SPDX-License-Identifier: MIT
"""The cases of the bench, and how each launcher is asked for them. All of them are asked for the same
sandbox; `look` shows from inside what they made of it."""
import ctypes, json, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NOBODY = 65534
BINDS = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/var", "/opt"]  # as in floor.c
CASES = ["minimal", "nonet", "full", "many10", "many100", "many1000"]
LAUNCHERS = ["floor", "nsbox", "saved", "bwrap", "crun", "unshare"]
TITLES = {"saved": "nsbox, saved plan"}
# The keys that a file leaves out, and what the bench writes instead, for work equal to that of others.
BARE = {"seccomp": "off", "masked": "false", "init": "false", "nested": "true", "ids": "root"}
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH, CGROUP2_MAGIC = 0x20000, 16384, 1 << 18, 2, 0x63677270
libc = ctypes.CDLL(None, use_errno=True)


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def many(case):
    return int(case[4:]) if case.startswith("many") else 0


class Caller:
    """Root, or an ordinary user as whom root starts the launchers."""

    def __init__(self, uid):
        self.uid, self.name = uid, "user" if uid else "root"

    def start(self, argv):
        other = {"user": self.uid, "group": self.uid, "extra_groups": []} if os.geteuid() != self.uid else {}
        # An environment of its own, because what others have in theirs would be counted, too.
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"], "LANG": "C"}, **other)

    def run(self, argv):
        process = self.start(argv)
        out, err = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, out, err)


def callers():
    return [Caller(0), Caller(NOBODY)] if os.geteuid() == 0 else [Caller(os.geteuid())]


def pure_cgroups():
    """crun refuses the tree of cgroups that some hosts have, old and new ones side by side. In a mount
    namespace of our own all launchers get the new ones alone."""
    if os.geteuid() != 0 or subprocess.run(["stat", "-fc%t", "/sys/fs/cgroup"], capture_output=True, text=True).stdout.strip() == f"{CGROUP2_MAGIC:x}":
        return
    if libc.unshare(CLONE_NEWNS) == 0:
        libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        libc.umount2(b"/sys/fs/cgroup", MNT_DETACH)
        libc.mount(b"cgroup2", b"/sys/fs/cgroup", b"cgroup2", 0, None)


class Bench:
    """A folder that every caller can read, with the programs in it, until it is closed."""

    def __init__(self, nsbox, payload="true"):
        self.folder = tempfile.mkdtemp(prefix="nsbox-bench-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        try:
            for name in ("floor", "clock", "steps"):
                self.compile(f"{HERE}/{name}.c", name)
            self.compile(f"{HERE}/true.c", "true", "-nostdlib")
            if payload == "probe":
                self.compile(f"{ROOT}/tests/box/probe.c", "probe")
            self.nsbox, self.payload = self.path("nsbox"), self.path(payload)
            shutil.copy(nsbox, self.nsbox)
            os.chmod(self.nsbox, 0o755)
            for number in range(max(many(case) for case in CASES)):
                os.makedirs(self.path(f"many/{number}"))
        except BaseException:
            self.close()
            raise
        self.saves = "--out" in subprocess.run([self.nsbox, "plan", "--help"], capture_output=True, text=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, source, name, *flags):
        subprocess.run(["cc", "-O2", "-static", *flags, "-o", self.path(name), source], check=True)

    def folder_of(self, caller):
        folder = self.path(caller.name)
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, caller.uid, -1)
        return folder

    def write(self, caller, name, text):
        path = os.path.join(self.folder_of(caller), name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def argv(self, launcher, case, caller):
        """The command line, or None where the launcher has no way to do the case."""
        return getattr(self, "use_" + launcher)(case, caller)

    def use_floor(self, case, caller):
        return [self.path("floor"), case, self.folder, self.payload]

    def spec(self, case, caller, name, **changes):
        """The specification. A change to None leaves the key out: the default applies."""
        keys = {**BARE, **changes}
        def line(text, key):
            return "" if keys[key] is None else text % keys[key] + "\n"
        text = "nsbox: 1\n" + line("id_maps: %s", "ids")
        proc = "  - {type: proc, target: /proc" + line(", masked: %s", "masked").rstrip() + "}\n"
        if case == "minimal":
            text += "namespaces: [user, mount, pid]\nroot: host\nmounts:\n" + proc
        else:
            text += f"namespaces: [user, mount, pid, ipc, uts, cgroup{', net' if case == 'full' else ''}]\nhostname: bench\nmounts:\n"
            text += "".join(f"  - {each}\n" for each in BINDS)
            text += "".join(f"  - {self.folder}/many/{number}:/m/{number}\n" for number in range(many(case)))
            text += proc + '  - {type: dev, target: /dev}\n  - {type: tmpfs, target: /tmp, mode: "1777"}\n'
        text += f"process:\n  command: [{self.payload}]\n  terminal: none\n" + line("  init: %s", "init")
        rights = line("  seccomp: %s", "seccomp") + line("  allow_nested_userns: %s", "nested")
        text += "security:\n" + rights if rights else ""
        text += "allow_warnings: {no-filter: as the other launchers, host-root: as the other launchers, writable-home: as the other launchers}\n"
        return self.write(caller, name, text)

    def use_nsbox(self, case, caller):
        return [self.nsbox, "up", self.spec(case, caller, case + ".yaml")]

    def use_saved(self, case, caller):
        if not self.saves:
            return None
        spec = self.spec(case, caller, case + ".yaml")
        plan = os.path.join(self.folder_of(caller), case + ".plan")
        saved = caller.run([self.nsbox, "plan", "--out", plan, spec])
        if saved.returncode != 0:
            say(f"{case}: the plan can't be saved: {saved.stderr.strip()}")
            return None
        return [self.nsbox, "up", plan]

    def use_bwrap(self, case, caller):
        words = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--as-pid-1", "--cap-drop", "ALL"]
        if case == "minimal":
            return [*words, "--bind", "/", "/", "--proc", "/proc", "--", self.payload]
        words += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--hostname", "bench"]
        words += ["--unshare-net"] if case == "full" else []
        for each in BINDS:
            words += ["--ro-bind", each, each]
        for number in range(many(case)):
            words += ["--ro-bind", f"{self.folder}/many/{number}", f"/m/{number}"]
        return [*words, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", self.payload]

    def use_unshare(self, case, caller):
        """It puts no tree together."""
        return ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", self.payload] if case == "minimal" else None

    def use_crun(self, case, caller):
        """It wants a folder as the root of the sandbox; that one takes the place of the tmpfs."""
        if case == "minimal":
            return None
        bundle = os.path.join(self.folder_of(caller), case)
        os.makedirs(bundle + "/rootfs", exist_ok=True)
        for folder in (bundle, bundle + "/rootfs"):
            os.chown(folder, caller.uid, -1)
        def mount(target, kind, *options, source=None):
            return {"destination": target, "type": kind, "source": source or kind, "options": list(options)}
        def bind(source, target):
            return mount(target, "bind", "rbind", "ro", "nosuid", "nodev", "private", source=source)
        mounts = [bind(each, each) for each in BINDS] + [bind(f"{self.folder}/many/{number}", f"/m/{number}") for number in range(many(case))]
        mounts += [mount("/proc", "proc", "nosuid", "nodev", "noexec"), mount("/dev", "tmpfs", "nosuid", "noexec", "mode=755"),
                   mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"), mount("/tmp", "tmpfs", "nosuid", "nodev", "mode=1777")]
        kinds = ["user", "mount", "pid", "ipc", "uts", "cgroup"] + (["network"] if case == "full" else [])
        ids = [{"containerID": 0, "hostID": caller.uid, "size": 1}]
        self.write(caller, case + "/config.json", json.dumps({
            "ociVersion": "1.0.2", "hostname": "bench", "root": {"path": "rootfs"}, "mounts": mounts,
            "process": {"user": {"uid": 0, "gid": 0}, "args": [self.payload], "env": ["PATH=/usr/bin:/bin"], "cwd": "/", "noNewPrivileges": True,
                        "capabilities": {each: [] for each in ("bounding", "effective", "permitted", "inheritable", "ambient")}},
            "linux": {"namespaces": [{"type": kind} for kind in kinds], "uidMappings": ids, "gidMappings": ids}}))
        return ["crun", "--root", bundle + "/state", "--cgroup-manager=disabled", "run", "--bundle", bundle, f"bench-{os.getpid()}"]

    def able(self, launchers, case, caller):
        """[(launcher, argv)] of those that are here and do the case, each tried once."""
        found = []
        for launcher in launchers:
            argv = self.argv(launcher, case, caller)
            if not argv:
                continue
            program = shutil.which(argv[0])
            if not program:
                continue
            argv[0] = program
            tried = caller.run(argv)
            if tried.returncode == 0:
                found.append((launcher, argv))
            else:
                say(f"{case} as {caller.name}: {launcher} is left out: {(tried.stderr.strip() or f'status {tried.returncode}').splitlines()[-1]}")
        return found

    def clock(self, caller, argv, seconds=0):
        """One launch, or as many as go into some seconds: (launches, nanoseconds, cpu µs, faults, peak kB), and standard error."""
        done = caller.run([self.path("clock"), str(seconds), *argv])
        launches, failures, *figures = map(int, done.stdout.split()[-6:])
        if failures:
            raise RuntimeError(f"{argv[0]} failed as {caller.name}: {done.stderr.strip()}")
        return [launches, *figures], done.stderr

    def calls(self, caller, argv):
        """{system call: how often} of one launch with all its processes, or None without strace."""
        if not shutil.which("strace"):
            return None
        trace = os.path.join(self.folder_of(caller), "trace")
        caller.run(["strace", "-f", "-qq", "-s", "0", "-o", trace, *argv])
        found = {}
        for call in re.findall(r"^\d+ +(\w+)\(", open(trace).read(), re.M):
            found[call] = found.get(call, 0) + 1
        os.unlink(trace)
        return found
