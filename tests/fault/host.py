# SPDX-License-Identifier: MIT
"""The machine around one launch: namespaces of its own (mount, network, IPC, UTS, process numbers), so
that whatever a launch leaves can be seen, and goes with them."""
import ctypes, fcntl, json, os, signal, socket, struct, subprocess, sys, tempfile, termios, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "box"))
from lib import CLONE_NEWNS, KERNEL, MS_BIND, SLOW, UID, libc

CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x4000000, 0x8000000, 0x20000000, 0x40000000
LOOP_GET_STATUS64 = 0x4C05
HOSTNAME = "the-real-host"
SECONDS = 8 * SLOW  # that is a hang


def done(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))
    return result


def difference(before, after):
    if isinstance(before, dict):
        before, after = list(before.items()), list(after.items())
    if isinstance(before, list):
        before, after = [each for each in before if each not in after], [each for each in after if each not in before]
    return f"{before} became {after}"


class Host:
    """`folder` is empty at first, and is all that a launch may find or leave files in."""

    def __init__(self, tools, scenario):
        self.tools, self.scenario, self.folder = tools, scenario, tools["folder"]
        self.uid = 0 if scenario.caller == "root" else UID

    def furnish(self):
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        done(libc.mount(b"proc", b"/proc", b"proc", 0, None), "/proc")
        if KERNEL < (6, 3):  # which can't idmap a tmpfs
            done(libc.mount(tempfile.mkdtemp(dir=self.tools["scratch"]).encode(), self.folder.encode(), None, MS_BIND, None), self.folder)
            os.chmod(self.folder, 0o755)
        for path in ((self.folder,) if KERNEL >= (6, 3) else ()) + ("/tmp", "/run", "/dev/shm"):
            done(libc.mount(b"host", path.encode(), b"tmpfs", 0, b"mode=0755"), path)
        socket.sethostname(HOSTNAME)
        self.master, self.terminal = os.openpty()
        for name, content in self.scenario.files.items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if content and content.startswith("-> "):
                os.symlink(content[3:], path)
            elif content is not None:
                with open(path, "w") as file:
                    file.write(self.words(content))
            else:
                os.makedirs(path)
        for folder, names, files in os.walk(self.folder):
            for each in [folder, *(os.path.join(folder, name) for name in names + files)]:
                os.chown(each, self.uid, self.uid, follow_symlinks=False)
        for each in self.scenario.covered:
            folder, _, kind = each.rpartition(":")[::-1]
            done(libc.mount(b"host", os.path.join(self.folder, folder).encode(), (kind or "tmpfs").encode(), 0, None if kind else b"mode=0755"), each)
        for kind in self.scenario.joins:
            done(libc.mount(f"/proc/self/ns/{kind}".encode(), os.path.join(self.folder, kind).encode(), None, MS_BIND, None), kind)
        os.chdir(self.folder)

    def words(self, text):
        return text.replace("DIR", self.folder).replace("PROBE", self.tools["probe"]).replace("NSBOX", self.tools["nsbox"])

    def quietly(self, commands):
        """Those around the spoiled one; what they print."""
        out = b""
        for each in commands:
            with open("/dev/null", "r+") as null, open(os.memfd_create("out"), "w+b") as file:  # no pipe, which a sandbox could keep open
                process = subprocess.Popen(self.words(each).split(), stdin=null, stdout=file, stderr=null, user=self.uid, group=self.uid)
                self.wait_for(process, each)
                file.seek(0)
                out += file.read()
        return out

    def wait_for(self, process, words):
        """And for all others that end meanwhile: their parents may wait until they are really gone."""
        until = time.monotonic() + SECONDS
        while process.returncode is None:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == process.pid:
                process.returncode = os.waitstatus_to_exitcode(status)
            elif pid == 0:
                if time.monotonic() > until:
                    raise TimeoutError(f"'{words}' around the spoiled command does not end")
                time.sleep(0.002)

    def files(self):
        found = {}
        for top in (self.folder, "/tmp", "/run", "/dev/shm"):
            for folder, names, files in os.walk(top):
                if folder == "/run":
                    names[:] = [name for name in names if name != "nsbox"]  # what is known of ended sandboxes stays there
                for path in (os.path.join(folder, name) for name in names + files):
                    info = os.lstat(path)
                    found[path] = [info.st_mode, info.st_uid, info.st_gid, info.st_size if files else 0]
        return found

    def loops(self):
        """Those of files here: all hosts at once have the same names for theirs, but devices of their own."""
        found = []
        for name in os.listdir("/sys/block"):
            if os.path.exists(f"/sys/block/{name}/loop"):
                about = bytearray(232)  # struct loop_info64
                try:
                    with open("/dev/" + name, "rb") as device:
                        fcntl.ioctl(device, LOOP_GET_STATUS64, about)
                except OSError:
                    continue
                if struct.unpack_from("Q", about)[0] == os.stat(self.folder).st_dev:
                    found.append(name)
        return found

    def groups(self):
        return sorted(folder for folder, _, _ in os.walk("/sys/fs/cgroup") if "nsbox" in os.path.basename(folder))

    def picture(self):
        return {
            "mounts": [line.split(" ", 3)[3] for line in open("/proc/self/mountinfo")],
            "files": self.files(),
            "loop devices": self.loops(),
            "cgroups": self.groups(),
            "interfaces": sorted(name for _, name in socket.if_nameindex()),
            "IPC objects": [line.split()[:2] for name in ("shm", "msg", "sem") for line in open("/proc/sysvipc/" + name)],
            "hostname": [socket.gethostname(), open("/proc/sys/kernel/domainname").read()],
            "terminal": repr(termios.tcgetattr(self.terminal)),
        }

    def processes(self):
        """All that are alive but this one, the first here."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
                words = open(f"/proc/{pid}/cmdline", "rb").read().decode("utf-8", "replace").replace("\0", " ")
            except OSError:
                continue
            if pid != "1" and state not in "ZX":
                found.append(f"{pid} {words.strip()}")
        return found

    def left_since(self, before):
        """What is new; the kernel takes a moment to end a namespace with all that was in it."""
        for tries in range(60):
            after, left = self.picture(), self.processes()
            new = {name: difference(before[name], after[name]) for name in before if before[name] != after[name]}
            if left:
                new["processes"] = str(left)
            if not new:
                break
            self.reap()
            time.sleep(0.02)
        return new

    def reap(self):
        """Whoever lost its parent is a child of the first process."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def input(self):
        if self.scenario.stdin:
            return open(self.words("DIR/" + self.scenario.stdin))
        return self.terminal if self.scenario.terminal else subprocess.DEVNULL

    def line(self, fault, report, argv):
        user = ("-u", str(UID)) if self.uid else ()
        if fault[0] == "refuse":
            return [self.tools["refuse"], *user, fault[1], "--", *argv]
        return [self.tools["inject"], *user, "-o", report, *fault, "--", *argv]

    def run(self, launcher, fault):
        """One launch; `fault` is what inject is to do (a list of words), or `refuse` and its list of calls."""
        self.furnish()
        out_before = self.quietly(self.scenario.before)
        argv = [self.words(each) for each in self.scenario.argv(launcher, self.tools)]
        before = self.picture()
        report = os.path.join("/", "proc", str(os.getpid()), "fd", str(os.memfd_create("report", 0)))
        process = subprocess.Popen(self.line(fault, report, argv), stdin=self.input(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=self.before, pass_fds=[3], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "SECRET": "hidden"})
        hang = False
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            hang = True
            for each in self.processes():
                os.kill(int(each.split()[0]), signal.SIGKILL)
            out, err = process.communicate()
        said, status = open(report).read().split("\n")[:-1], process.returncode
        if fault[0] == "refuse":  # it becomes the launcher; its own failure is 99
            said, status = ["hit", f"exit {status}" if status >= 0 else f"signal {-status}"], status == 99
        # A command that is killed as it enters its exec counts as one that has run.
        began = any(line.startswith("executed ") or line in ("exit 0", "exit 130", "exit 137", "exit 143") for line in said)
        out = out_before + out + (b"" if hang else self.quietly([*self.scenario.after, *(self.scenario.undo if began else ())]))
        return {"out": out.decode("utf-8", "replace"), "err": err.decode("utf-8", "replace"), "hang": hang, "report": said, "inject": status, "left": {} if hang else self.left_since(before)}

    def before(self):
        os.setsid()
        if self.scenario.terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def in_a_host(tools, scenario, launcher, fault):
    """What Host.run says, by a process that is the first of new namespaces."""
    end, start = os.pipe()
    outer = os.fork()
    if outer == 0:
        answer = {"broken": "the host ended"}
        try:
            done(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET), "unshare")
            inner = os.fork()
            if inner:
                os.close(start)
                os._exit(os.waitpid(inner, 0)[1] != 0)
            os.close(end)
            start = fcntl.fcntl(start, fcntl.F_DUPFD_CLOEXEC, 10)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 3)  # which the launcher inherits
            answer = Host(tools, scenario).run(launcher, fault)
        except BaseException as problem:
            answer = {"broken": f"{type(problem).__name__}: {problem}"}
        with os.fdopen(start, "w") as file:
            json.dump(answer, file)
        os._exit(0)
    os.close(start)
    with os.fdopen(end) as file:
        text = file.read()
    os.waitpid(outer, 0)
    return json.loads(text) if text else {"broken": "the host said nothing"}
