# SPDX-License-Identifier: MIT
"""Random valid specifications are launched, and what is seen from inside is what a model of the language says:
nsbox.yaml(5) in Python, which knows nothing of nsbox' own code. NSBOX_LONG=1 tries three thousand for each
caller; NSBOX_SEED=N begins with number N, and the message of a difference names its own."""
import os, random, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

LONG = bool(os.environ.get("NSBOX_LONG"))
COUNT = 3000 if LONG else 15 if SANITIZED else 120
TYPES = ["user", "mount", "pid", "ipc", "uts", "net", "cgroup", "time"]
FILES = {"mount": "mnt"}
CAPS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7, "NET_BIND_SERVICE": 10, "NET_RAW": 13, "SYS_CHROOT": 18, "SYS_NICE": 23, "MKNOD": 27, "AUDIT_WRITE": 29}
LIMITS = {"nofile": (40, 4000), "fsize": (1 << 20, 1 << 40), "cpu": (10, 1000), "stack": (1 << 20, 1 << 23), "core": (0, 0), "msgqueue": (1000, 100000)}
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INHERITED = {"TERM": "xterm-test", "LANG": "C.UTF-8", "LC_TIME": "C", "SECRET": "hidden", "LD_LIBRARY_PATH": "/nowhere", "OTHER": "1", "HOME": "/"}
FLAGS = ["nosuid", "nodev", "noexec"]


class Model:
    """One specification (`keys`, as JSON, which is YAML), and what it promises."""

    def __init__(self, seed, t, machine):
        self.r, self.t, self.machine, self.keys = random.Random(seed), t, machine, {"nsbox": 1}
        self.mounts, self.table, self.files = [], {}, {}
        for part in (self.namespaces, self.names, self.ids, self.tree, self.process, self.limits, self.security):
            part()
        self.keys["mounts"] = self.mounts

    def maybe(self, share=0.5):
        return self.r.random() < share

    # --- what is written, and what it means
    def namespaces(self):
        self.new = {"user", "mount", "pid", *(each for each in ("ipc", "uts", "net", "cgroup") if self.maybe(0.8))}
        if self.maybe(0.3):
            self.new.add("time")
        if self.t.root and self.maybe(0.2):
            self.new.discard("user")
        if self.maybe(0.15):
            self.new.discard("pid")
        listed = [each for each in TYPES if each in self.new]
        if self.maybe():
            self.r.shuffle(listed)
            self.keys["namespaces"] = listed
        else:
            default = set(TYPES) - {"time"}
            self.keys["namespaces"] = {each: "new" if each in self.new else "host" for each in TYPES if (each in self.new) != (each in default) or self.maybe(0.3)}

    def names(self):
        self.hostname, self.domainname = self.machine["hostname"], self.machine["domainname"]
        if "uts" in self.new and self.maybe():
            self.hostname = self.keys["hostname"] = self.r.choice(["a", "box-1", "ä", "x" * 64])
        if "uts" in self.new and self.maybe(0.3):
            self.domainname = self.keys["domainname"] = "lab.example"
        self.offsets = {"monotonic": 0, "boottime": 0}
        if "time" in self.new and self.maybe():
            self.offsets = {"monotonic": self.r.randint(0, 10**6), "boottime": self.r.randint(0, 10**6)}
            self.keys["time_offsets"] = {name: f"{value}s" for name, value in self.offsets.items()}

    def ids(self):
        """self.maps: (inside, outside, count), outside None where any will do; None: no map of its own."""
        own = self.t.uid
        if "user" not in self.new:
            self.maps, self.highest, self.allow = [(0, 0, 4294967295)], 65534, True
            self.ids_of_caller = 0
            return
        forms = {"root": [(0, own, 1)], "keep": [(own, own, 1)], "subids": [(0, own, 1), (1, 300000, 65536)]}
        if self.t.root:
            forms.update(keep=[(0, 0, 4294967295)], shift=[(0, None, 65536)], pairs=[(0, 500000, 10), (10, 600000, 1000)])
            del forms["subids"]
        else:
            forms.update(pairs=[(0, own, 1), (7, 300000, 20)])
        form = self.r.choice(sorted(forms))
        self.maps = forms[form]
        if form == "pairs":
            lines = [":".join(map(str, each)) for each in self.maps]
            self.keys["id_maps"] = {"uid": lines, "gid": lines}
        elif form != ("shift" if self.t.root else "root") or self.maybe():
            self.keys["id_maps"] = form
        self.allow = self.t.root or form in ("subids", "pairs")
        self.highest = sum(count for _, _, count in self.maps[-1:]) + self.maps[-1][0] - 1
        inside = [own - outside + first for first, outside, count in self.maps if outside is not None and outside <= own < outside + count]
        self.ids_of_caller = inside[0] if inside else 0

    def id_inside(self):
        first, _, count = self.r.choice(self.maps)
        return first + self.r.randrange(min(count, 2000))

    def flags_of(self, entry, readonly, nosuid=True, nodev=True, noexec=False):
        """Writes some of the common keys; the flags that are to be seen."""
        flags = {"readonly": readonly, "nosuid": nosuid, "nodev": nodev, "noexec": noexec}
        for name in flags:
            if self.maybe(0.25):
                flags[name] = entry[name] = self.maybe()
        return {"ro" if flags.pop("readonly") else "rw", *(name for name, on in flags.items() if on)}

    def mount(self, target, kind, flags):
        for below in [each for each in self.table if each.startswith(target + "/")]:
            del self.table[below]
        self.table[target] = (kind, flags)

    def tree(self):
        self.mounts.append(self.t.probe + ":/probe")
        self.mount("/probe", None, {"ro", "nosuid", "nodev"})
        if self.maybe(0.3):
            root = self.keys["root"] = {"type": "tmpfs"}
            readonly = self.maybe()
            root["readonly"] = readonly
            self.mount("/", "tmpfs", {"ro" if readonly else "rw", "nosuid", "nodev"})
        else:
            self.mount("/", "tmpfs", {"rw", "nosuid", "nodev"})
        if "pid" in self.new:
            self.mounts.append({"type": "proc", "target": "/proc"})
            self.mount("/proc", "proc", {"rw", "nosuid", "nodev", "noexec"})
        else:
            self.mounts.append("/proc")
            self.mount("/proc", "proc", {"ro", *(each for each in FLAGS if each in self.machine["proc"] or each != "noexec")})
        if self.maybe():
            self.mounts.append({"type": "dev", "target": "/dev"})
            self.mount("/dev", "tmpfs", {"rw", "nosuid", "noexec"})
        for number in range(self.r.randint(0, 8)):
            self.r.choice([self.bind, self.bind, self.tmpfs, self.tmpfs, self.folder, self.file, self.link, self.mask, self.remount, self.overlay])(f"/m{number}")

    def somewhere(self, name):
        """At the top, or in a tmpfs of the sandbox's own."""
        own = [target for target, (kind, flags) in self.table.items() if kind == "tmpfs" and target.startswith("/m") and "rw" in flags]
        return self.r.choice(own) + name if own and self.maybe(0.3) else name

    def bind(self, name):
        target, source = self.somewhere(name), self.t.path(self.r.choice(["tree", "tree/sub", "tree/file"]))
        if self.maybe():
            options = [word for word in ("rw", "noexec", "suid") if self.maybe(0.3)]
            self.mounts.append(f"{source}:{target}" + (":" + ",".join(options) if options else ""))
            flags = {"rw" if "rw" in options else "ro", "nodev"} | ({"noexec"} & set(options)) | (set() if "suid" in options else {"nosuid"})
        else:
            entry = {"type": "bind", "source": source, "target": target}
            flags = self.flags_of(entry, True)
            self.mounts.append(entry)
        self.mount(target, None, flags)
        self.files[target] = {"tree": "d file sub", "tree/sub": "d deep", "tree/file": "a file\n"}[os.path.relpath(source, self.t.folder)]

    def tmpfs(self, name):
        entry = {"type": "tmpfs", "target": self.somewhere(name)}
        flags = self.flags_of(entry, False)
        if self.maybe(0.3):
            entry["mode"] = self.r.choice(["0755", "1777", "0711"])
        if self.maybe(0.3):
            entry["size"] = self.r.choice(["1M", "64K", 8192])
        self.mounts.append(entry)
        self.mount(entry["target"], "tmpfs", flags)

    def folder(self, name):
        self.mounts.append({"type": "dir", "target": self.somewhere(name), "mode": "0755"})
        self.files[self.mounts[-1]["target"]] = "d"

    def file(self, name):
        self.mounts.append({"type": "file", "target": self.somewhere(name), "content": f"this is {name}\n", "mode": "0644"})
        self.files[self.mounts[-1]["target"]] = f"this is {name}\n"

    def link(self, name):
        target = self.somewhere(name)
        self.mounts.append({"type": "file", "target": target + "-to", "content": "at its end\n"})
        self.mounts.append({"type": "symlink", "target": target, "to": os.path.basename(target) + "-to"})
        self.files[target] = self.files[target + "-to"] = "at its end\n"

    def mask(self, name):
        places = [target for target, what in self.files.items() if what == "d file sub"]
        if places:
            target = self.r.choice(places)
            if target + "/sub" in self.files:
                return
            self.mounts.append({"type": "mask", "target": target + "/sub"})
            self.files[target + "/sub"] = "d"

    def remount(self, name):
        places = [target for target, (kind, flags) in self.table.items() if target.startswith("/m")]
        if places:
            target = self.r.choice(places)
            kind, flags = self.table[target]
            self.mounts.append({"type": "remount", "target": target, "noexec": True, "readonly": True})
            self.table[target] = (kind, flags - {"rw"} | {"ro", "noexec"})

    def overlay(self, name):
        target = self.somewhere(name)
        self.mounts.append({"type": "overlay", "target": target, "lower": [self.t.path("other"), self.t.path("tree")]})
        self.mount(target, "overlay", {"rw", "nosuid", "nodev"})
        self.files[target] = "d file more sub"

    def process(self):
        process = self.keys["process"] = {"terminal": "none"}
        self.env, inherit = {"PATH": DEFAULT_PATH}, ["TERM", "LANG", "LC_*", "TZ", "COLORTERM", "NO_COLOR"]
        if self.maybe(0.3):
            inherit = process["env_inherit"] = self.r.choice([[], ["SECRET"], ["LC_*", "OTHER"], ["*"], ["LD_LIBRARY_PATH", "TERM"]])
        for name, value in INHERITED.items():
            if name in inherit or "*" in inherit and not name.startswith("LD_") or name.startswith("LC_") and "LC_*" in inherit:
                self.env[name] = value
        if self.maybe():
            values = {"A": "1", "B": "two words", "EMPTY": "", "TERM": None, "LANG": "de_DE", "PATH": "/probes:/bin"}
            written = process["env"] = {name: values[name] for name in self.r.sample(sorted(values), self.r.randint(1, 4))}
            for name, value in written.items():
                self.env.pop(name, None)
                if value is not None:
                    self.env[name] = value
        if "*" in inherit and "PATH" not in process.get("env", {}):
            self.env["PATH"] = self.machine["PATH"]
        self.cwd = "/"
        if self.maybe(0.3):
            self.cwd = process["cwd"] = self.r.choice([target for target, what in [*self.files.items(), ("/proc", "d")] if what.startswith("d")])
        self.umask = 0o022
        if self.maybe(0.3):
            self.umask = self.r.choice([0, 0o077, 0o027])
            process["umask"] = f"{self.umask:03o}"
        self.uid = self.gid = self.ids_of_caller
        if self.maybe(0.4):
            self.uid = process["user"] = self.id_inside()
        if self.maybe(0.4):
            self.gid = process["group"] = self.id_inside()
        self.groups = []
        if self.allow and self.maybe(0.3):
            self.groups = process["groups"] = sorted({self.id_inside() for _ in range(self.r.randint(1, 4))})
        self.init = "pid" in self.new
        if self.init and self.maybe(0.3):
            self.init = process["init"] = self.maybe()
        self.nice = 0
        if self.maybe(0.2):
            self.nice = process["nice"] = self.r.randint(0, 19)
        self.oom = self.machine["oom_score_adj"]
        if self.maybe(0.2):
            self.oom = process["oom_score_adj"] = self.r.randint(100, 1000)
        self.cpus = self.machine["cpus"]
        if self.maybe(0.2):
            self.cpus = process["cpu_affinity"] = [self.r.choice(self.machine["cpus"])]

    def limits(self):
        self.rlimits = {**{name: list(value) for name, value in self.machine["rlimits"].items()}, "core": [0, 0]}
        for name in self.r.sample(sorted(LIMITS), self.r.randint(0, 3)):
            low, high = LIMITS[name]
            hard = self.r.randint(low, high)
            soft = self.r.randint(low, hard)
            self.rlimits[name] = [soft, hard]
            unit = "s" if name == "cpu" else 0
            written = {"soft": f"{soft}s" if unit else soft, "hard": f"{hard}s" if unit else hard}
            if self.maybe():
                self.rlimits[name], written = [hard, hard], written["hard"]
            self.keys["process"].setdefault("rlimits", {})[name] = written

    def security(self):
        security = {}
        self.caps = sorted(self.r.sample(sorted(CAPS), self.r.randint(1, 4))) if self.maybe(0.4) else []
        if self.caps:
            security["capabilities"] = [("CAP_" if self.maybe() else "") + each for each in self.caps]
        self.nnp = True
        if self.maybe(0.2):
            self.nnp = security["no_new_privs"] = self.maybe()
        if self.maybe(0.3):
            security["seccomp"] = self.r.choice(["off", "default"])
        if security:
            self.keys["security"] = security

    # --- what is seen
    def differences(self, seen):
        wanted, got = {}, {}

        def same(name, is_now, is_to_be):
            got[name], wanted[name] = is_now, is_to_be
        for each in TYPES:
            name = seen["namespaces"][FILES.get(each, each)]
            same("namespace " + each, name != self.machine["namespaces"][FILES.get(each, each)], each in self.new)
        same("hostname", seen["hostname"], self.hostname)
        same("domainname", seen["domainname"], self.domainname)
        if "time" in self.new:
            same("time", {words[0]: int(words[1]) for words in map(str.split, seen["timens_offsets"].strip().split("\n"))}, self.offsets)
        for kind in ("uid", "gid"):
            lines = [tuple(map(int, line.split())) for line in seen[kind + "_map"].strip().split("\n")]
            same(kind + "_map", [(first, None if self.maps[0][1] is None else outside, count) for first, outside, count in lines], self.maps)
        same("uid", seen["uid"], [self.uid] * 3)
        same("gid", seen["gid"], [self.gid] * 3)
        if self.allow:
            same("groups", sorted(seen["groups"]), self.groups)
        same("pid", seen["pid"], 2 if self.init else 1 if "pid" in self.new else seen["pid"])
        table = mounts(seen["mounts"])
        for target, (kind, flags) in self.table.items():
            entry = table.get(target)
            now = None if entry is None else (entry["type"] if kind else None, sorted({*FLAGS, "ro", "rw"} & set(entry["options"])))
            same("mount " + target, now, (kind, sorted(flags)))
        strange = [target for target in table if target not in self.table and target not in self.files and not target.startswith(("/dev/", "/proc/"))]
        same("other mounts", strange, [])
        same("propagation", {tag for entry in table.values() for tag in entry["tags"]}, set())
        for path, what in self.files.items():
            said = seen["files"].get(path, "")
            mode, _, rest = said.partition(" ")
            owner, _, rest = rest.partition(" ")
            same("file " + path, " ".join(["d", *sorted(rest.split())]) if mode.startswith("4") else rest, what)
        same("environment", seen["env"], self.env)
        same("cwd", seen["cwd"], self.cwd)
        same("umask", seen["umask"], f"{self.umask:04o}")
        same("limits", {name: value for name, value in seen["rlimits"].items() if name in LIMITS}, {name: self.rlimits[name] for name in LIMITS})
        same("nice", seen["nice"], self.nice)
        same("oom_score_adj", int(seen["oom_score_adj"]), self.oom)
        same("cpus", seen["cpus"], self.cpus)
        mask = f"{sum(1 << CAPS[each] for each in self.caps):016x}"
        same("capabilities", seen["caps"], {name: mask for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")})
        same("no_new_privs", seen["nnp"], int(self.nnp))
        same("filter", int(seen["seccomp"]), 2)
        same("descriptors", seen["fds"], [0, 1, 2])
        same("signals", (seen["sigblk"], seen["sigign"]), ("0" * 16, "0" * 16))
        return [f"{name}: {got[name]!r}, not {wanted[name]!r}" for name in wanted if got[name] != wanted[name]]


@test()
def random_specifications(t):
    for path, text in (("tree/file", "a file\n"), ("tree/sub/deep", "deep\n"), ("other/more", "more\n")):
        t.write(path, text)
    for path in ("tree", "tree/sub", "other"):
        t.mkdir(path)
    env = {**INHERITED, "PATH": "/usr/bin:/bin"}
    machine = t.run([t.probe], env=env).json()
    machine["oom_score_adj"] = int(machine["oom_score_adj"])
    machine["proc"] = mounts(machine["mounts"])["/proc"]["options"]
    machine["PATH"] = env["PATH"]
    first = int(os.environ.get("NSBOX_SEED", 1))
    for seed in range(first, first + COUNT):
        model = Model(seed, t, machine)
        text = json.dumps(model.keys, indent=1)
        path = t.write("random.yaml", text)
        result = t.run([t.nsbox, "up", path, "--", "/probe", "look", *model.files], env=env)
        problems = [f"status {result.status}"] if result.status else model.differences(result.json())
        check(not problems, f"NSBOX_SEED={seed}", *problems, result.err, text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
