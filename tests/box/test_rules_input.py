# SPDX-License-Identifier: MIT
"""The rules about what is read and printed: control characters, empty lists, integers. The names begin
with the number of a rule of SECURITY.md."""
import json, os, re, subprocess, sys, unicodedata
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

# What moves a cursor, sets a title, begins a new line, or turns the direction of writing.
CONTROLS = {"escape": "\x1b]0;x\x07", "return": "a\rb", "newline": "a\nlevel=error", "C0": "a\x01\x08\x0c\x7f", "C1": "a\x9b2J\x85", "bidi": "a\u202eb\u2066\u200f\u061c", "separators": "a\u2028b\u2029"}


def harmless(text, what):
    for line in text.split("\n"):
        for char in line:
            check(unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"), f"{what}: U+{ord(char):04X} is printed", repr(line))


def quoted(text):
    return json.dumps(text)


@test()
def r14_no_control_character_is_printed(t):
    for number, (name, bad) in enumerate(some(CONTROLS.items())):
        t.mkdir(bad.replace("/", "") or "x")
        words = quoted(bad)
        specs = [f"hostname: {words}\n", f"name: {words}\n", f"description: {words}\n", f"{words}: 1\n", f"mounts: [{words}]\n", f"mounts: [{quoted('./' + bad)}]\n", f"mounts: [{quoted('/none/' + bad)}]\n", f"mounts: [{quoted('/usr:/x:' + bad)}]\n",
                 f"mounts: [{{type: tmpfs, target: {quoted('/' + bad)}}}]\n", f"mounts: [{{type: {words}, target: /x}}]\n", f"mounts: [{{type: symlink, target: /x, to: {words}}}]\n", f"mounts: [{{type: fs, fstype: {words}, target: /x}}]\n",
                 f"mounts: [{{type: fs, fstype: tmpfs, target: /x, data: {words}}}]\n", f"mounts: [{{type: file, target: /x, content: {words}}}]\n", f"process: {{command: [{words}, {words}], argv0: {words}, cwd: {quoted('/' + bad)}}}\n",
                 f"process: {{env: {{{words}: x}}}}\n", f"process: {{env: {{X: {words}}}, env_inherit: [{words}]}}\n", f"process: {{user: {words}, group: {words}}}\n", f"process: {{stdin: {words}, rlimits: {{{words}: 1}}}}\n",
                 f"sysctl: {{{words}: {words}}}\n", f"security: {{capabilities: [{words}]}}\n", f"extends: {words}\n", f"vars: {{X: {words}}}\nhostname: ${{X}}\n", f"hostname: ${{{bad}}}\n" if "\n" not in bad and "\r" not in bad else "hostname: x\n",
                 f"allow_warnings: {{{words}: {words}}}\n", f"namespaces: {{user: {{join: {words}}}}}\n", f"id_maps: {{uid: [{words}], gid: []}}\n", f"x-a: {words}\nroot: {words}\n"]
        for text in (specs[number % 3::3] if SANITIZED or SLOW > 1 else specs):
            spec = t.spec(text)
            for command in (["validate"], ["plan"], ["plan", "--explain"], ["show"], ["show", "--origin"], ["up"], ["validate", "--format", "json"], ["plan", "--format", "json"], ["show", "--format", "json"]):
                result = t.run([t.nsbox, *command, spec])
                check(result.status in (0, 1, 2, 125, 126, 127), text, result)
                harmless(result.err, f"{name}: {command}: {text!r}: stderr")
                if command != ["up"]:
                    harmless(result.out, f"{name}: {command}: {text!r}: stdout")
                if "json" in command and result.out:
                    result.json()


@test()
def r14_arguments_and_names_of_files_as_well(t):
    """CVE-2024-28085, CVE-2023-28101."""
    plain = t.spec(PROBE)
    for name, bad in some(CONTROLS.items()):
        path = t.write(bad.replace("/", "") + ".yaml", "nsbox: 1\nhostnme: x\n")
        for argv in (["up", path], ["validate", path], ["validate", path + bad], [bad], ["--" + bad], ["up", "--" + bad], ["up", plain, "--", bad], ["up", plain, "--", "/" + bad], ["plan", plain, "--", bad], ["plan", "--format", bad, plain], ["show", "--set", bad, plain],
                     ["up", "--report", "/none/" + bad, plain], ["up", "--status-fd", bad, plain], ["up", "--name", bad, plain], ["validate", "--log-file", "/dev/null/" + bad, plain], ["doctor", path], ["explain", plain, "/" + bad], ["init", bad], ["completion", bad]):
            result = t.run([t.nsbox, *argv])
            check(result.status != 0 or argv[0] in ("plan", "explain"), str(argv), result)
            harmless(result.err + result.out, f"{name}: {argv}")


@test()
def r14_no_line_is_injected_into_a_log(t):
    for name, bad in some(CONTROLS.items()):
        path = t.write(bad.replace("/", "") + ".yaml", "nsbox: 1\nhostname: x\n" + textwrap.dedent(PROBE).replace("PROBE", t.probe))
        log = t.path("log")
        for form in ("json", "text"):
            if os.path.exists(log):
                os.unlink(log)
            result = t.run([t.nsbox, "up", "--log-level", "trace", "--log-format", form, "--log-file", log, path, "--", "/probe", "exit", "0", bad])
            equal(result.status, 0, f"{name}: {result}")
            lines = open(log, newline="\n").read().split("\n")
            check(len(lines) > 3 and lines[-1] == "", "the log", lines)
            for line in lines[:-1]:
                harmless(line, f"{name}: the log")
                if form == "json":
                    equal(set(json.loads(line)), {"time", "level", "message"})
                else:
                    check(re.match(r"\d{4}-\d\d-\d\d .* nsbox \w+: ", line), "a line of the log", line)
        report = t.path("report")
        t.run([t.nsbox, "up", "--report", report, path, "--", "/" + bad])
        harmless(open(report).read(), "the report")
        json.load(open(report))


@test()
def r17_an_empty_list_gives_nothing(t):
    """CVE-2025-66479: absent, null and empty are never more than the default."""
    def rights(seen):
        return {key: seen[key] for key in ("caps", "nnp", "seccomp", "securebits", "fds", "uid", "gid", "setgroups", "rlimits", "personality")} | {"groups": len(seen["groups"]), "ns": [name for name, value in seen["namespaces"].items() if value != os.readlink("/proc/self/ns/" + name)], "mounts": len(seen["mounts"].splitlines())}
    base = PROBE
    plain = t.see(base)
    for path in ("security: {capabilities: %s}", "process: {groups: %s}", "process: {pass_fds: %s}", "process: {rlimits: %s}", "process: {env: %s}", "process: {env_inherit: %s}", "sysctl: %s", "security: %s", "process: %s", "allow_warnings: %s", "vars: %s", "extends: %s"):
        for empty in ("[]", "{}", "null", "~"):
            result = t.up(base + path % empty + "\n", "/probe")
            if result.status == 125:
                check("error:" in result.err and ("expected" in result.err or "setgroups" in result.err), path % empty, result)
                continue
            equal(result.status, 0, f"{path % empty}: {result}")
            seen = result.json()
            equal(rights(seen), rights(plain), path % empty)
            check(set(seen["env"]) <= set(plain["env"]), path % empty, seen["env"])
    for text in ("id_maps: {uid: [], gid: []}\n", "id_maps: {}\n", "id_maps: {uid: ['0:0:1']}\n", "security: {capabilities: ''}\n", "security: {capabilities: }\n", "namespaces: \n", "mounts: {}\n", "process: {command: []}\n"):
        equal(t.up(("" if text == "mounts: {}\n" else base) + text, "/probe").status, 125, text)
    equal(t.up(base + "namespaces: null\n", "/probe").json()["namespaces"].keys(), plain["namespaces"].keys())
    equal(rights(t.see(base + "namespaces: null\n")), rights(plain), "namespaces: null")
    # A device list that is empty adds none; the mounts of a sandbox without any are its root alone.
    dev = t.up(base + "  - {type: dev, target: /dev}\n", "/probe", "ls", "/dev").out
    equal(t.up(base + "  - {type: dev, target: /dev, devices: []}\n", "/probe", "ls", "/dev").out, dev)
    equal(t.up("mounts: []\n", "/probe").status, 127)


IDS = ("-1", "4294967295", "4294967296", "1e3", "0x0", "0o0", "+1", "1.0", "' 0'", "'0 '", "'0'", "4611686018427387904", "18446744073709551616", "99999999999999999999999", '""', "''", "-0", "007", "1_000", "0b1", "'１'")


@test()
def r19_integers_are_whole_plain_and_in_range(t):
    """CVE-2026-30892, CVE-2024-40635: whatever is not a number that can be is refused, with its line."""
    keys = ("process: {group: %s}", "process: {groups: [%s]}", "mounts: [{type: tmpfs, target: /t, uid: %s}]", "mounts: [{type: file, target: /t, content: x, gid: %s}]", "process: {pass_fds: [%s]}", "id_maps: {uid: [{inside: %s, outside: 0, count: 1}], gid: ['0:0:1']}",
            "id_maps: {uid: [{inside: 0, outside: %s, count: 1}], gid: ['0:0:1']}", "id_maps: {uid: [{inside: 0, outside: 0, count: %s}], gid: ['0:0:1']}", "process: {nice: %s}", "process: {oom_score_adj: %s}", "process: {cpu_affinity: [%s]}", "process: {user: %s}")
    allowed = {"nice": {"-1", "-0"}, "oom_score_adj": {"-1", "-0"}}
    wrong = {}
    for key in keys:
        for value in some(IDS):
            name = key.split("{")[-1].split(":")[0] if "process" in key else ""
            if value in allowed.get(name, ()):
                continue
            result = t.run([t.nsbox, "validate", t.spec("# a line\n" + key % value + "\n")])
            if result.status != 1 or ":3:" not in result.err:
                wrong[key % value] = str(result)
    # A user and a group may have a name, and a name is text: quoted digits are still no number.
    equal(sorted(wrong), [], "taken")
    for text in ("'0:0:4294967296'", "'4294967295:0:1'", "'0:4294967295:1'", "'4294967290:0:10'", "'0:0:0'", "'0:0:-1'", "'0:0'", "'0:0:1:1'", "' 0:0:1'", "'0:0:1 '", "'0:0x0:1'", "'0::1'", "'0:0:1e3'"):
        result = t.run([t.nsbox, "validate", t.spec(f"id_maps:\n  uid: [{text}]\n  gid: ['0:0:1']\n")])
        equal(result.status, 1, f"{text}: {result}")
        check(":3:" in result.err, text, result)
    many = ", ".join(f"'{number}:{number}:1'" for number in range(341))
    equal(t.run([t.nsbox, "validate", t.spec(f"id_maps: {{uid: [{many}], gid: ['0:0:1']}}\n")]).status, 1, "341 extents")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
