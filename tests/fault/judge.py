# SPDX-License-Identifier: MIT
"""Whether a spoiled launch was clean: the rules are those of README.md."""
import errno, json, os, re

NAME = re.compile(r"\(E[A-Z0-9]+\)")
FORMS = [re.compile(form) for form in (
    r": step \d+ of \d+, \w+( '[^']+')?: \w",  # of the plan
    r": error: supervision of '[^']+': \w+: [A-Z]",
    r": '[^']+' is there, but can't be executed: ",  # its last
    r"^nsbox: [\w ]+( '[^']+')?: [A-Z]",  # before and after it: a call and what it was for
    r"^nsbox: .+: [a-z_0-9]+: [A-Z]",  # of a named sandbox: what it was for, and the call
    r"^bwrap: .+: ",
    r"^(/\S+|-): error: can't be read: |^nsbox: /\S+: the saved plan .*: [A-Z]",
)]


def namespaces():
    """Those of the host around a launch that are the machine's own."""
    return {name: os.readlink("/proc/self/ns/" + name) for name in ("user", "cgroup", "time")}


PAYLOAD = re.compile(r"executed (\?|/\S*\bprobe)$")
WATCHING = ("poll", "recvmsg", "read", "wait4")  # the supervisor's life; when it ends by them the command may end before its exec is seen


def promised(out, host_namespaces):
    """The payload's line, without what differs from launch to launch; None when there is none."""
    try:
        seen = json.loads(next((line for line in out.splitlines() if line.startswith('{"pid"')), ""))
    except ValueError:
        return None
    for kind, name in seen["namespaces"].items():
        seen["namespaces"][kind] = "the host's" if name == host_namespaces.get(kind) else "new" if name else ""
    seen["mounts"] = [mount(line) for line in seen["mounts"].splitlines()]
    return seen


def mount(line):
    """A line of mountinfo without numbers of mounts, devices and descriptors, and without the launch's own folder."""
    words = line.split(" ")[3:]
    words[0] = re.sub(r"^/.*/tmp\w{8}(/|$)", "/", words[0])
    words = [re.sub(r"^(shared|master):\d+$", r"\1", word) for word in words]
    words[-1] = re.sub(r"(upperdir|lowerdir|workdir)=[^,]*", r"\1", words[-1])
    return re.sub(r"/dev/loop\d+", "/dev/loop", " ".join(words))


def changes(before, after, at=""):
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for key in sorted({*before, *after}) for line in changes(before.get(key), after.get(key), f"{at}.{key}" if at else key)]
    if isinstance(before, list) and isinstance(after, list) and before != after:
        gone, new = [each for each in before if each not in after], [each for each in after if each not in before]
        return [f"{at}: {gone!r} became {new!r}" if gone or new else f"{at}: in another order"]
    return [] if before == after else [f"{at}: {before!r} became {after!r}"]


def problem_of_message(case, err):
    """"" when it is one line (and hints, and what stays) that names the call or step, its object and the errno."""
    lines = [line for line in err.splitlines() if line and not line.startswith("    ")]
    if len(lines) > 1 and lines[-1].startswith("nsbox: take away '"):
        del lines[-1]
    if len(lines) != 1:
        return f"{len(lines)} lines of message"
    if case.is_signal:
        return ""
    if case.kind == "ENOSYS" and "kernel" in lines[0]:
        return ""  # that it lacks something, in words
    words = os.strerror(getattr(errno, case.kind, 0))
    if case.kind not in ("short", "zero", "lie") and not NAME.search(lines[0]) and words not in lines[0]:
        return "no errno"
    if not any(form.search(lines[0]) for form in FORMS):
        return "no step"
    return ""


class Verdict:
    """`words`: what is wrong, by kind: hang, left, changed, crash, message, broken."""

    def __init__(self, case, answer, good):
        self.case, self.answer, self.words = case, answer, {}
        if "broken" in answer or answer["inject"] and not answer["hang"]:
            self.reached = True
            self.words["broken"] = answer.get("broken") or answer["err"]
            return
        report = answer["report"]
        self.reached = "hit" in report
        self.end = report[-1] if report and report[-1] != "hit" else "none"
        self.status = int(self.end.split()[1]) if self.end.startswith("exit") else -1
        self.failed = self.status != 0
        if answer["hang"]:
            self.reached = True
            self.words["hang"] = "no end after 8 s"
            return
        if not self.reached:
            return
        if answer["left"] and not (set(answer["left"]) <= {"files", "mounts"} and "nsbox: take away '" in answer["err"]):
            self.words["left"] = "; ".join(f"{name}: {what}" for name, what in answer["left"].items())
        line = promised(answer["out"], good["namespaces"])
        # What `up --detach` has left behind it, when its command was up already.
        ended_later = case.scenario in ("detach", "ready") and case.who != "0" and (case.who in ("0.0.0", "0.0.1") or (case.who == "0.0" and case.call in WATCHING) or case.call == "execve" or any(PAYLOAD.match(line) for line in report))
        if line is None and not self.failed and not ended_later:
            self.words["changed"] = "exit 0 without the payload's line: " + answer["out"][:200]
        elif line is not None and line != good["line"]:
            text = "; ".join(changes(good["line"], line))[:600]
            self.words["changed"] = text  # even of a launch that failed later: it ran with less than was promised
        if self.end.startswith("signal") and not case.is_signal:
            self.words["crash"] = self.end
        # Who was killed says nothing, and what becomes of a command by a signal is its own affair.
        killed = self.end.startswith("signal") or self.status > 128 and (any(PAYLOAD.match(line) for line in report) or case.call in ("execve", "wait4", "poll"))  # in exec, or of init, which waits only after it
        if self.failed and not (case.is_signal and killed):
            problem = problem_of_message(case, answer["err"])
            if problem:
                self.words["message"] = problem

    @property
    def clean(self):
        return not self.words
