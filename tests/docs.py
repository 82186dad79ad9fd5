#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents say, held against the program (NSBOX) and the tree; printed as TAP.

A page that names an option which the program does not have, or leaves one out, a link to a file
that is not there, an example that is not valid, a stale reference: each is a failure.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
NSBOX = os.environ.get("NSBOX") or str(TOP / "build/nsbox")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
results = []


def check(name, problems, skip=""):
    results.append((name, list(problems), skip))


def run(*words, text=None):
    return subprocess.run([NSBOX, *words], input=text, capture_output=True, text=True)


def commands():
    out = run("--help").stdout
    return re.findall(r"^  ([a-z]+) ", out[out.index("Commands:"):out.index("Options:")], re.M)


def options_of_help(text):
    """Option names that begin a line of the lists of `--help`."""
    names = set()
    for line in text.splitlines():
        if re.match(r"  +-", line):
            names.update(OPTION.findall(re.split(r"(?<=\S) [A-Z]", line, maxsplit=1)[0]))
    return names


def options_of_page(text):
    """Option names that begin a paragraph of a page's OPTIONS, each in bold."""
    part = text[text.index("# OPTIONS"):]
    part = part[:part.index("\n# ", 1)]
    names = set()
    for line in part.splitlines():
        if line.startswith("*-"):
            names.update(word for word in re.findall(r"\*(-[^*]+)\*", line) if len(word) > 1)
    return names


def check_pages():
    for command in [""] + commands():
        name = "nsbox" + (command and "-" + command)
        path = TOP / "man" / (name + ".1.scd")
        if not path.exists():
            check(name + "(1): options", ["there is no " + path.name])
            continue
        program = options_of_help(run(*([command] if command else []), "--help").stdout)
        page = options_of_page(path.read_text())
        check(name + "(1): options",
              ["not in the page: " + each for each in sorted(program - page)]
              + ["not in the program: " + each for each in sorted(page - program)])
    listed = set(re.findall(r"\*nsbox-([a-z]+)\*\(1\)", (TOP / "man/nsbox.1.scd").read_text()))
    check("nsbox(1): names every command", sorted(set(commands()) ^ listed))


def check_reference():
    committed = (TOP / "man/reference.scd").read_text()
    check("man/reference.scd is what `nsbox reference` prints",
          [] if committed == run("reference").stdout else ["renew it: ./build/nsbox reference >man/reference.scd"])


def check_scdoc():
    sources = sorted(each for each in (TOP / "man").glob("*.scd"))
    whole = [each for each in sources if re.search(r"\.[157]\.scd$", each.name)]
    for page in whole:
        if not shutil.which("scdoc"):
            check("scdoc " + page.name, [], "scdoc is not installed")
            continue
        text = page.read_text()
        if page.name == "nsbox.yaml.5.scd":
            text += (TOP / "man/reference.scd").read_text() + (TOP / "man/nsbox.yaml.5.end.scd").read_text()
        done = subprocess.run(["scdoc"], input=text, capture_output=True, text=True)
        check("scdoc " + page.name, [] if done.returncode == 0 else [done.stderr.strip()])


def check_links():
    known = set(commands())
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]:
        text = (TOP / name).read_text()
        prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        problems = []
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if not re.match(r"[a-z]+:|#", target) and not (TOP / target.split("#")[0]).exists():
                problems.append("no such file: " + target)
        # Files named in the text: `src/…`, `tests/…`, …
        for target in re.findall(r"`((?:\./)?(?:src|tests|man|examples|schemas|completions|\.ci)/[\w./-]+)`", prose):
            if not (TOP / target).exists():
                problems.append("no such file: " + target)
        for command in re.findall(r"`nsbox ([a-z]+)\b", prose):
            if command not in known:
                problems.append("no such command: nsbox " + command)
        check(name + ": links, files, commands", problems)


def check_tests_of_rules():
    """Every test that SECURITY.md names is there, and every rule's test is named."""
    text = (TOP / "SECURITY.md").read_text()
    tests = {name for path in (TOP / "tests/box").glob("test_*.py") for name in re.findall(r"^def (\w+)\(t\):", path.read_text(), re.M)}
    keys = set(re.findall(r"\w+", (TOP / "schemas/nsbox-1.schema.json").read_text()))
    named = set(re.findall(r"`([a-z]\w*_\w+)`", text))
    check("SECURITY.md: the tests behind it",
          ["no such test: " + each for each in sorted(named - tests - keys)]
          + ["not named: " + each for each in sorted(each for each in tests if re.match(r"r\d\d_", each)) if each not in named])


def check_examples():
    for name, fence in [("README.md", r"^```ya?ml\n(.*?)^```"), ("CONTRIBUTING.md", r"^```ya?ml\n(.*?)^```"),
                        ("man/nsbox.yaml.5.scd", r"^```\n(.*?)^```"), ("man/nsbox-tour.7.scd", r"^```\n(.*?)^```")]:
        text = (TOP / name).read_text()
        blocks = [each for each in re.findall(fence, text, re.M | re.S) if re.match(r"(#.*\n)*nsbox:", each)]
        problems = []
        for number, block in enumerate(blocks, 1):
            sets = ["--set", "PID=1"] if "${PID}" in block else []
            done = run("validate", "--no-host", *sets, "-", text=block)
            # What only root may write is refused to an ordinary user by name; that is no mistake here.
            if done.returncode != 0 and not (os.geteuid() != 0 and "or run as root" in done.stderr):
                problems += [f"example {number}: " + line for line in done.stderr.splitlines()]
        check(f"{name}: {len(blocks)} examples are valid", problems)


def specs_of(text):
    """What a page calls _NAME.yaml_ just before it prints it."""
    found = {}
    for match in re.finditer(r"^```\n(nsbox:.*?)^```", text, re.M | re.S):
        names = re.findall(r"_([a-z-]+\.yaml)_", text[:match.start()].rsplit("```", 1)[-1])
        if names:
            found[names[-1]] = match.group(1)
    return found


def check_plans():
    """Plans that a page prints are those of its files, for an ordinary user; … stands for lines left out."""
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    for name in ["README.md", "man/nsbox-plan.1.scd", "man/nsbox-tour.7.scd"]:
        text = (TOP / name).read_text()
        specs = {each.name: each.read_text() for each in (TOP / "examples").glob("*.yaml")}
        specs.update(specs_of((TOP / "man/nsbox-tour.7.scd").read_text()))
        problems = []
        for line, shown in re.findall(r"^\$ (nsbox plan (?!--out).*)\n((?:(?!\$ |```).*\n)*)", text, re.M):
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o755)
                shutil.copy(NSBOX, folder + "/nsbox")
                os.mkdir(folder + "/tree")
                for each in re.findall(r"\b\w+\.yaml", line):
                    Path(folder, each).write_text(specs[each])
                done = subprocess.run([*user, "sh", "-c", line], cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": folder + ":" + os.environ["PATH"]})
            printed = iter(re.sub(r"\b0:\d+:1\b", "0:ID:1", done.stdout).splitlines())
            for wanted in re.sub(r"\b0:\d+:1\b", "0:ID:1", shown).splitlines():
                if wanted.strip() not in ("", "…") and wanted not in printed:
                    problems.append(f"`{line}` does not print: {wanted}")
                    break
            problems += [done.stderr] if "error:" in done.stderr else []
        check(name + ": plans", problems or ([] if "$ nsbox plan" in text and re.search(r"^  +\d+ \w+ .*\[", text, re.M) else ["none is found"]))


def check_completions():
    for shell in ["bash", "zsh", "fish"]:
        script = run("completion", shell).stdout
        missing = [each for each in commands() if each not in script]
        check(f"completion of {shell} knows every command", missing)
        if not shutil.which(shell):
            check(f"{shell} reads its completion", [], shell + " is not installed")
            continue
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        check(f"{shell} reads its completion", [] if done.returncode == 0 else [done.stderr.strip()])
    if shutil.which("bash"):
        done = subprocess.run(["bash", "-c", 'source <("$NSBOX" completion bash); complete -p nsbox; '
                               "COMP_WORDS=(nsbox val) COMP_CWORD=1; _nsbox; echo ${COMPREPLY[@]}"],
                              capture_output=True, text=True, env={**os.environ, "NSBOX": NSBOX})
        lines = done.stdout.split("\n")
        check("bash completes `nsbox val`", [] if "-F _nsbox nsbox" in lines[0] and lines[1] == "validate" else [done.stdout + done.stderr])


for step in [check_pages, check_reference, check_scdoc, check_links, check_tests_of_rules, check_examples, check_plans, check_completions]:
    step()
print(f"1..{len(results)}")
for number, (name, problems, skip) in enumerate(results, 1):
    print(f"{'not ok' if problems else 'ok'} {number} - {name}" + (" # SKIP " + skip if skip else ""))
    for line in problems:
        print("# " + line.replace("\n", "\n# "))
sys.exit(any(problems for _, problems, _ in results))
