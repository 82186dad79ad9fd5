# SPDX-License-Identifier: MIT
"""Real sandboxes, as root and as an ordinary user, asserted from inside by the static probe.

A test is a function with @test(); it is run once for each caller it names, `root` and `user`, and
gets a Context. Everything is printed as TAP. The machine is left alone: the suite works in a mount
namespace of its own, with its own copies of /etc/passwd, /etc/group, /etc/subuid and /etc/subgid in
which the ordinary user exists, and everything it writes is below one folder that it removes."""
import contextlib, ctypes, json, os, shutil, signal, subprocess, sys, tempfile, textwrap, time, traceback

USER, UID = "boxuser", 61234
HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_BIND = 0x20000, 16384, 1 << 18, 4096
SANITIZED = "sanitize" in os.environ.get("NSBOX_BUILD", "")  # many times slower, and it opens files of its own
SLOW = float(os.environ.get("NSBOX_SLOW", "1"))  # how many times as long things may take: an emulated machine
libc = ctypes.CDLL(None, use_errno=True)
tests = []
LANDLOCK = libc.syscall(444, None, 0, 1)  # the ABI's version; -1: none
# Behind the rules of a specification: an older kernel leaves cutting files short (before 3) and ports (before 4) open.
BEST_EFFORT = ", best_effort: true" if LANDLOCK < 4 else ""
KERNEL = tuple(int(number) for number in os.uname().release.split("-")[0].split(".")[:2])


def some(cases):
    """All of them, or one of three where a launch is slow."""
    return list(cases)[::3 if SANITIZED or SLOW > 1 else 1]


def pause(seconds):
    """For what can't be seen to have happened: longer in a slow machine."""
    time.sleep(seconds * SLOW)


class Skip(Exception):
    pass


class Failed(Exception):
    pass


def test(callers=("root", "user"), name=None):
    def register(function):
        for caller in callers:
            tests.append((name or function.__name__, caller, function))
        return function
    return register


def check(condition, what, *seen):
    if not condition:
        raise Failed(what + "".join("\n" + str(each) for each in seen))


def equal(got, wanted, what=""):
    check(got == wanted, f"{what}: expected {wanted!r}, got {got!r}")


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\nstdout: {self.out}\nstderr: {self.err}"

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Failed(f"no JSON: {self}")


class Context:
    def __init__(self, caller, folder, nsbox, probe):
        self.caller, self.folder, self.nsbox, self.probe = caller, folder, nsbox, probe
        self.root = caller == "root"
        self.uid = 0 if self.root else UID

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        os.chown(path, self.uid, self.uid)
        return path

    def mkdir(self, name, mode=0o755):
        path = self.path(name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        os.chown(path, self.uid, self.uid)
        return path

    def spec(self, text, name="spec.yaml"):
        """`PROBE` and `DIR` in the text are the probe's path and this test's folder."""
        text = textwrap.dedent(text).replace("PROBE", self.probe).replace("DIR", self.folder)
        return self.write(name, "nsbox: 1\n" + text)

    def demote(self):
        if not self.root:
            os.setgroups([])
            os.setresgid(UID, UID, UID)
            os.setresuid(UID, UID, UID)
            os.environ["HOME"] = "/home/" + USER

    def run(self, argv, stdin=subprocess.DEVNULL, timeout=30, env=None, cwd=None, pass_fds=(), before=None, **options):
        def prepare():
            self.demote()
            if before:
                before()
        process = subprocess.Popen(argv, stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=prepare, env=env, cwd=cwd or self.folder, pass_fds=pass_fds, **options)
        try:
            out, err = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout=timeout * SLOW)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failed(f"no end after {timeout} s\nstdout: {out!r}\nstderr: {err!r}")
        return Result(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def start(self, argv, **options):
        return subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL), stdout=options.pop("stdout", subprocess.PIPE), stderr=options.pop("stderr", subprocess.PIPE), preexec_fn=self.demote, cwd=self.folder, **options)

    def up(self, spec, *command, args=(), **options):
        path = spec if spec.startswith("/") and "\n" not in spec else self.spec(spec)
        return self.run([self.nsbox, "up", *args, path, *(("--", *command) if command else ())], **options)

    def see(self, spec, *command, **options):
        """What the probe prints inside; the probe is at /probe, or where the command says."""
        result = self.up(spec, *(command or ("/probe",)), **options)
        check(result.status == 0, "the probe did not run", result)
        return result.json()

    def sentence(self, spec, *command, status=125, **options):
        """Standard error of a launch that is refused."""
        result = self.up(spec, *command, **options)
        check(result.status == status, f"expected status {status}", result)
        return result.err

    def owned(self, path):
        os.chown(path, self.uid, self.uid)
        return path


def own_states(t):
    """The caller's state folder for named sandboxes; root's lies in a /run of this suite's own."""
    if not t.root:
        os.environ["XDG_RUNTIME_DIR"] = t.mkdir("run", 0o700)
        return t.path("run") + "/nsbox"
    if "run" not in covered:
        if libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, b"mode=755") != 0:
            raise Skip("mount: " + os.strerror(ctypes.get_errno()))
        covered.append("run")
    return "/run/nsbox"


covered = []


def host():
    """Counts that must not grow, where nothing else of nsbox is running. Of processes nsbox's own, since others come and go."""
    processes, spaces = [], set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            spaces |= {os.readlink(f"/proc/{pid}/ns/{each}") for each in os.listdir(f"/proc/{pid}/ns")}
            name, rest = open(f"/proc/{pid}/stat").read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if ("nsbox" in name or "probe" in name) and (state, parent) != ("Z", "1"):  # those are init's to clear, in its own time
            processes.append(f"{name} {state}")
    cgroups = sum(len(folders) for _, folders, _ in os.walk("/sys/fs/cgroup"))
    objects = [len(open("/proc/sysvipc/" + kind).readlines()) for kind in ("shm", "sem", "msg")]
    return {"namespaces": len(spaces), "mounts": len(open("/proc/self/mountinfo").readlines()), "processes": sorted(processes), "cgroups": cgroups, "objects": objects,
            "keys": len(open("/proc/keys").readlines()) if os.path.exists("/proc/keys") else 0, "loop devices": sorted(each for each in os.listdir("/sys/block") if os.path.exists(f"/sys/block/{each}/loop/backing_file"))}


def settled(before):
    """The kernel takes a moment to clear namespaces away."""
    for _ in range(500):
        now = host()
        now["namespaces"] = max(now["namespaces"], before["namespaces"])  # those of others may have gone
        if now == before:
            break
        time.sleep(0.02)
    return now


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def still_alive(pids, seconds):
    """Who has not ended by then, and what keeps them."""
    end = time.time() + seconds
    while any(alive(pid) for pid in pids) and time.time() < end:
        time.sleep(0.01)
    return [(pid, *(open(f"/proc/{pid}/{name}").read().strip("\0\n") for name in ("cmdline", "stat", "wchan"))) for pid in pids if alive(pid)]


def children(pid):
    try:
        return [int(each) for each in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


def family(pid):
    """It, and every process below it."""
    found = [pid]
    for each in found:
        found += children(each)
    return found


PROBE = """
mounts:
  - PROBE:/probe
  - {type: proc, target: /proc}
"""


def mounts(text):
    """mountinfo as {target: {options, type, super, propagation}}; the last mount at a target counts."""
    found = {}
    for line in text.splitlines():
        words = line.split(" ")
        dash = words.index("-")
        found[words[4]] = {"options": words[5].split(","), "tags": words[6:dash], "type": words[dash + 1], "source": words[dash + 2], "super": words[dash + 3].split(",") if len(words) > dash + 3 else []}
    return found


def mount_another(path, data=b"mode=0777"):
    """A tmpfs on a folder of the (our own) host; before Linux 6.3, which can't idmap that, an empty folder."""
    if KERNEL < (6, 3) and data == b"mode=0777":
        empty = tempfile.mkdtemp(dir=b"/".join(path.split(b"/")[:4]))  # of the tests, beside the test's own
        os.chmod(empty, 0o777)
        check(libc.mount(empty, path, None, MS_BIND, None) == 0, "mount")
    else:
        check(libc.mount(b"tmpfs", path, b"tmpfs", 0, data) == 0, "mount")


@contextlib.contextmanager
def on_one_cpu():
    """A mount namespace is pinned only in an older one, and each CPU counts for itself (Linux 6.18)."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cpus)


def own_machine():
    """A mount namespace of our own, private, with an ordinary user that exists only here."""
    with on_one_cpu():
        if libc.unshare(CLONE_NEWNS) != 0:
            raise Skip("unshare: " + os.strerror(ctypes.get_errno()))
    libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    scratch = tempfile.mkdtemp(prefix="nsbox-test-", dir="/var/tmp")
    os.chmod(scratch, 0o755)
    for name, line in (("passwd", f"{USER}:x:{UID}:{UID}::/home/{USER}:/bin/sh\n"), ("group", f"{USER}:x:{UID}:\n"), ("subuid", f"{USER}:300000:65536\n"), ("subgid", f"{USER}:300000:65536\n")):
        copy = os.path.join(scratch, name)
        try:
            text = open("/etc/" + name).read()
        except FileNotFoundError:
            text = ""
            open("/etc/" + name, "w").close()
        with open(copy, "w") as file:
            file.write(text + line)
        os.chmod(copy, 0o644)
        if libc.mount(copy.encode(), ("/etc/" + name).encode(), None, MS_BIND, None) != 0:
            raise Skip("mount: " + os.strerror(ctypes.get_errno()))
    return scratch


def main(only=()):
    nsbox, probe = os.environ["NSBOX"], os.environ["NSBOX_PROBE"]
    as_root = os.geteuid() == 0
    chosen = [each for each in tests if not only or any(word in each[0] or word == each[1] for word in only)]
    print(f"1..{len(chosen)}", flush=True)
    if not as_root:
        for number, (name, caller, _) in enumerate(chosen, 1):
            print(f"ok {number} {name} as {caller} # SKIP the box tests are started as root; they act as an ordinary user themselves")
        return 0
    scratch = own_machine()
    failures = 0
    try:
        for name in ("nsbox", "probe"):
            shutil.copy(nsbox if name == "nsbox" else probe, os.path.join(scratch, name))
            os.chmod(os.path.join(scratch, name), 0o755)
        for number, (name, caller, function) in enumerate(chosen, 1):
            folder = os.path.join(scratch, f"{number}-{name}-{caller}")
            os.mkdir(folder)
            os.chmod(folder, 0o755)
            context = Context(caller, folder, os.path.join(scratch, "nsbox"), os.path.join(scratch, "probe"))
            context.owned(folder)
            label = f"{name} as {caller}"
            try:
                function(context)
                print(f"ok {number} {label}", flush=True)
            except Skip as reason:
                print(f"ok {number} {label} # SKIP {reason}", flush=True)
            except Exception as problem:
                failures += 1
                text = str(problem) if isinstance(problem, Failed) else traceback.format_exc()
                print(f"not ok {number} {label}\n" + "\n".join("#   " + line for line in text.splitlines()), flush=True)
    finally:
        for name in ("passwd", "group", "subuid", "subgid"):
            libc.umount2(("/etc/" + name).encode(), 2)
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0
