# SPDX-License-Identifier: MIT
"""The result in words: a line for each case that was not clean, and the table."""
import json

KINDS = ("hang", "left", "changed", "crash", "message", "broken")


def command(verdict, launcher):
    return "./dev fault " + ("--launcher bwrap " if launcher == "bwrap" else "") + verdict.case.name


def print_problem(verdict, launcher):
    err = verdict.answer.get("err", "").strip()
    for kind, what in verdict.words.items():
        print(f"{kind}: {what}\n    {command(verdict, launcher)}\n    {getattr(verdict, 'end', '')}: {err[:400]!r}", flush=True)


def row(label, verdicts):
    count = lambda kind: sum(kind in verdict.words for verdict in verdicts)
    clean = sum(verdict.clean for verdict in verdicts)
    spoken = [verdict for verdict in verdicts if verdict.failed and not verdict.case.is_signal]
    named = sum("message" not in verdict.words for verdict in spoken)
    percent = lambda part, whole: "-" if not whole else "100" if part == whole else f"{1000 * part // whole / 10:.1f}"
    return [label, str(len(verdicts)), percent(clean, len(verdicts)), *(str(count(kind)) for kind in KINDS[:4]), str(len(spoken)), percent(named, len(spoken))]


HEAD = ["", "cases", "clean %", "hangs", "left-overs", "changed", "crashes", "failed", "named %"]


def rows(verdicts):
    """Of all, of each scenario and kind, and of each call (faults alone)."""
    return [row for group in groups(verdicts) for row in group]


def groups(verdicts):
    verdicts = [verdict for verdict in verdicts if hasattr(verdict, "failed")]
    faults = [verdict for verdict in verdicts if not verdict.case.is_signal]
    signals = [verdict for verdict in verdicts if verdict.case.is_signal]
    out = [[row("all faults", faults), row("all signals", signals)]]
    for attribute in ("scenario", "kind", "call"):
        names = list(dict.fromkeys(getattr(verdict.case, attribute) for verdict in verdicts))
        out.append([row(name, [verdict for verdict in (faults if attribute == "call" else verdicts) if getattr(verdict.case, attribute) == name]) for name in (sorted(names) if attribute == "call" else names)])
    return out


def print_text(verdicts, tried, seconds, launcher):
    lines = [HEAD, *rows(verdicts)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    for line in lines:
        print(line[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(line[1:], widths[1:])))
    print(f"{launcher}: {len(verdicts)} of {tried} cases came to their call, in {seconds:.0f} s")


def print_markdown(verdicts, tried, seconds, launcher):
    """The tables of README.md."""
    everything, scenarios, kinds, calls = groups(verdicts)
    for part in (everything, scenarios + kinds):
        print_table([HEAD, *part])
        print()
    columns = ["call", "cases", "clean %", "failed"]
    calls = [[each[0], each[1], each[2], each[7]] for each in calls if each[1] != "0"]
    half = (len(calls) + 1) // 2
    print_table([columns + [""] + columns, *(left + [""] + right for left, right in zip(calls[:half], calls[half:] + [[""] * 4]))])
    print(f"\n{launcher}: {len(verdicts)} of {tried} cases came to their call, in {seconds:.0f} s")


def print_table(table):
    for number, cells in enumerate(table):
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "---|" * len(cells))


def print_json(verdicts, tried, seconds, launcher):
    problems = [{"case": verdict.case.name, "command": command(verdict, launcher), **verdict.words, "stderr": verdict.answer.get("err", "")} for verdict in verdicts if not verdict.clean]
    print(json.dumps({"format_version": 1, "launcher": launcher, "tried": tried, "reached": len(verdicts), "seconds": round(seconds), "head": HEAD, "rows": rows(verdicts), "problems": problems}, indent=1))


def print_tap(verdicts, tried, seconds, launcher):
    """A test for each scenario and kind of fault."""
    groups = {}
    for verdict in verdicts:
        groups.setdefault((verdict.case.scenario, verdict.case.kind), []).append(verdict)
    print(f"1..{len(groups)}")
    for number, ((scenario, kind), of_group) in enumerate(groups.items(), 1):
        bad = [verdict for verdict in of_group if not verdict.clean]
        print(f"{'not ok' if bad else 'ok'} {number} {scenario}: {kind} at {len(of_group)} calls")
        for verdict in bad:
            print("#   " + "; ".join(f"{word}: {what}" for word, what in verdict.words.items()) + "\n#     " + command(verdict, launcher))
