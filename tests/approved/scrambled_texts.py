"""What every reader of texts makes of texts that are damaged at random, as digests.

    python tests/approved/scrambled_texts.py go 40    # print the outcomes of ten texts in full

A line of the approved file stands for ten texts. If its digest changes, print the outcomes with and
without the change: what was read before has to be read in the same way, unless it was wrong.
"""

# ruff: noqa: E501

import hashlib
import hmac
import json
import random
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

import answers_in_prose
import garbled_edits
import mutated_programs
import written_tests

from refinegraph.errors import InputError
from refinegraph.schema import Kind, SuspectLine
from refinegraph.tools.answers import answer_key, choice_options, extract_answer
from refinegraph.tools.answers.claims import claims
from refinegraph.tools.edits import edit_files
from refinegraph.tools.localisation.mentions import mentioned_lines, names_in
from refinegraph.tools.localisation.ranking import rank_suspects
from refinegraph.tools.localisation.spectrum import FORMULAS, ExecutedLines, Line, Spectrum
from refinegraph.tools.loose_json import json_objects
from refinegraph.tools.mutation import mutations
from refinegraph.tools.mutation.injection import error_between, program_errors, text_errors
from refinegraph.tools.patches import apply_patch, changed_lines, unified_patch
from refinegraph.tools.programs import (
    complete_program,
    extract_program,
    infer_entry_point,
    program_fingerprint,
)
from refinegraph.tools.steps import split_steps
from refinegraph.tools.test_cases import parse_generated_tests, parse_tests, statement_examples
from refinegraph.tools.test_runs.commands import recipe_for
from refinegraph.tools.test_runs.protecting import is_test, protect
from refinegraph.tools.test_runs.readers.cargo import read_cargo
from refinegraph.tools.test_runs.readers.go import read_go
from refinegraph.tools.test_runs.readers.guard import read_records
from refinegraph.tools.test_runs.readers.jest import read_jest
from refinegraph.tools.test_runs.readers.junit import read_junit
from refinegraph.tools.test_runs.readers.tap import looks_like_tap, read_tap

TEXTS, FEWER = 500, 150
"""Texts of each reader, and of one that takes longer."""
TOGETHER = 10
"""Texts of one line of the approved file."""
SIGNS = "`'\"()[]{}<>#:=-+*/\\ \n\t0.,$%&_~^|@!1aAé"
KINDS: tuple[Kind, ...] = ("math", "choice", "text", "code")

GO = "\n".join(
    json.dumps({"Package": "p", **event})
    for event in (
        {"Action": "run", "Test": "A"},
        {"Action": "output", "Test": "A", "Output": "=== RUN A\n"},
        {"Action": "output", "Test": "A", "Output": "    a_test.go:7: want 2\n"},
        {"Action": "fail", "Test": "A", "Elapsed": 0.25},
        {"Action": "pass", "Test": "B/case", "Elapsed": 1},
        {"Action": "skip", "Test": "C"},
        {"Action": "output", "Output": "panic: no\n"},
        {"Action": "fail", "Elapsed": 2},
        {"Action": "pass", "Package": "q", "Test": "A"},
    )
)
TAP = """TAP version 13
1..4
ok 1 - adds
not ok 2 - subtracts
  ---
  message: 'no'
  at: a.js:3
  ...
# Subtest: inner
    ok 1 - first
    not ok 2 - second # TODO later
    1..2
ok 3 - inner
ok 4 - slow # SKIP today
# pass 3
"""
CARGO = """running 3 tests
test adds ... ok
test subtracts ... FAILED
test divides - should panic ... ok
test slow ... ignored

---- subtracts stdout ----
thread 'subtracts' panicked at src/lib.rs:9:5:
assertion `left == right` failed
  left: 1
 right: 2

failures:
    subtracts

test result: FAILED. 2 passed; 1 failed; 1 ignored
"""
JEST = json.dumps(
    {
        "testResults": [
            {
                "name": "/root/a.test.js",
                "status": "failed",
                "assertionResults": [
                    {"status": "passed", "fullName": "adds", "duration": 12},
                    {
                        "status": "failed",
                        "fullName": "no",
                        "failureMessages": ["Error: no\n at a.js:3"],
                    },
                    {"status": "pending", "fullName": "later", "duration": None},
                ],
            },
            {"name": "/root/b.test.js", "status": "failed", "message": "does not parse"},
        ]
    },
    indent=1,
)
JUNIT = """<testsuites><testsuite name="s">
<testcase name="adds" classname="a.BTest" time="0.5"/>
<testcase name="fails" classname="a.BTest" time="1,5"><failure message="1 != 2">trace
more</failure></testcase>
<testcase name="breaks" classname="a.BTest"><error type="E">no</error></testcase>
<testcase name="skips" classname="a.BTest"><skipped message="later"/></testcase>
<testcase file="t/test_a.py" classname="t.test_a.TestB" name="test_c"/>
<testcase name="adds" classname="a.BTest"><system-out>x</system-out></testcase>
</testsuite></testsuites>"""
RECORDS = tuple(
    {"seconds": 0.5, "raised": False, "expected": None, "message": "", "text": "", **record}
    for record in (
        {"kind": "begin", "root": "/root"},
        {"kind": "collected", "ids": ["a", "b", "c"]},
        {"kind": "deselected", "ids": ["d"]},
        {"kind": "test", "id": "a", "when": "setup", "outcome": "passed"},
        {"kind": "test", "id": "a", "when": "call", "outcome": "passed"},
        {"kind": "test", "id": "a", "when": "teardown", "outcome": "failed", "message": "no"},
        {"kind": "test", "id": "b", "when": "setup", "outcome": "passed"},
        {
            "kind": "test",
            "id": "b",
            "when": "call",
            "outcome": "failed",
            "message": "1 != 2",
            "text": "trace",
        },
        {"kind": "test", "id": "c", "when": "setup", "outcome": "skipped", "message": "later"},
        {"kind": "test", "id": "e", "when": "call", "outcome": "skipped", "expected": "known"},
        {"kind": "test", "id": "f", "when": "call", "outcome": "passed", "raised": True},
        {"kind": "uncollected", "id": "g", "message": "does not import"},
        {"kind": "end", "code": 1, "patched": ["x.y"], "plugins": ["z"]},
    )
)
KEY = b"key"
COMMANDS = (
    "python -m pytest -q tests", "env A=1 poetry run pytest", "go test ./...", "go test -json -run X", "go build",
    "cargo test --release", "npx jest src", "yarn vitest run", "node --test a.js", "./mvnw -q test", "gradle check",
    "make test", "A=1 B='2 3' pytest -k 'a or b'", "cd x && pytest", "uv run --with x pytest", "npm test", "tox -e py",
)  # fmt: skip
PATHS = (
    "tests/test_a.py", "src/a.py", "a_test.go", "conftest.py", "pkg/setup.cfg", "pyproject.toml", "a/b.spec.ts",
    "spec/a.rb", "Makefile", "random.py", "pytest.py", "x.pth", "sitecustomize.py", "package.json", "ATest.java",
    "src/test/A.java", "pkg/json/__init__.py", "pom.xml", "json.py", "tests.py", ".coveragerc",
)  # fmt: skip
OUTPUTS = (
    'Traceback (most recent call last):\n  File "/x/loops.py", line 5, in window\n  File "/x/texts.py", line 4\nE',
    "loops.py:12: AssertionError\nclasses.py:9: in deposit", "at add (classes.py:3:9)\nat /lib/os.py:4",
    "FAILED tests/test_a.py::test - loops.py(7)\n ./texts.py:2", "nothing",
)  # fmt: skip
ISSUES = (
    "`window` loops for ever if size is 0. See Account.deposit and words().", "The method interest() is wrong",
    "left(3, 1) returns -1\n```python\nfrom texts import left\n```\nMAX_SIZE", "shared crashes; self.balance", "",
)  # fmt: skip
SMALL = (
    "def f(n):\n    total = 0\n    for i in range(n):\n        total += i * 2\n    return total\n",
    "def g(a, b=1):\n    if a < b and not b:\n        return [a, b][0]\n    return max(a, -b)\n",
    "x = 1\nwhile x != 9:\n    x = x + 2\nprint(x, 'done')\n",
)
PROSE = (*written_tests.OTHERS, *answers_in_prose.STEPS, *answers_in_prose.OBJECTS)


def damaged(text: str, draw: random.Random) -> str:
    """Return a text with up to three slips of a hand."""
    for _ in range(draw.randint(0, 3)):
        lines = text.split("\n")
        line, place = draw.randrange(len(lines)), draw.randrange(len(text) + 1)
        other = draw.randrange(len(lines))
        slip = draw.randrange(9)
        if slip == 0:
            del lines[line]
        elif slip == 1:
            lines.insert(other, lines[line])
        elif slip == 2:
            lines[line], lines[other] = lines[other], lines[line]
        elif slip == 3:
            lines[line] = draw.choice(("  ", "\t", "> ", "+", " ")) + lines[line]
        elif slip == 4:
            lines[line] = lines[line].strip()
        elif slip == 5:
            lines.insert(line, draw.choice(("", "...", "```", "# note")))
        text = "\n".join(lines)
        if slip == 6:
            text = text[:place] + text[place + 1 :]
        elif slip == 7:
            text = text[:place] + draw.choice(SIGNS) + text[place:]
        elif slip == 8 and draw.random() < 0.5:
            text = text[:place]
    return text


def edit(draw: random.Random) -> object:
    """Apply a damaged edit."""
    form = draw.choice(garbled_edits.FORMS)
    text = garbled_edits.answer(form, draw.choice(garbled_edits.SLIPS), draw)
    if draw.random() < 0.3:
        text += "\n" + garbled_edits.answer(form, "none", draw)
    files = garbled_edits.FILES
    files = {"": files["shop.py"]} if form in garbled_edits.WITHOUT_PATH else files
    text, truncated = damaged(text, draw), draw.random() < 0.2
    return garbled_edits.described(text, files, truncated=truncated), edit_files(
        text, files, truncated=truncated
    )


def program(draw: random.Random) -> object:
    """Extract a program from a damaged answer."""
    text = damaged(answers_in_prose.prose(draw), draw)
    name, before = draw.choice(("area", None)), draw.choice(answers_in_prose.PREAMBLES)
    found = extract_program(text, entry_point=name, preamble=before)
    complete = complete_program(damaged(draw.choice(answers_in_prose.PARTS), draw), entry_point=name, preamble=before)  # fmt: skip
    return found.source, bool(found.problem), complete, infer_entry_point(text)


def fingerprint(draw: random.Random) -> object:
    """Take the fingerprint of a damaged program."""
    text = draw.choice([*mutated_programs.PROGRAMS.values(), *answers_in_prose.PARTS])
    return program_fingerprint(damaged(text, draw))


def answer(draw: random.Random) -> object:
    """Read a damaged final answer."""
    lead, value = draw.choice(answers_in_prose.LEADS), draw.choice(answers_in_prose.VALUES)
    text = damaged(f"We add 3.\n{lead.format(*[value] * lead.count('{}'))}", draw)
    value = damaged(value, draw)
    read = [extract_answer(text, kind=kind) for kind in KINDS[:3]]
    keys = [answer_key(value, kind=kind, prompt="Pick.\n(A) 1\n(B) 12") for kind in KINDS[:3]]
    return read, keys, claims(value), claims(value, unions=True)


def prose(draw: random.Random) -> object:
    """Read objects, steps and options in damaged prose."""
    text = damaged(draw.choice(PROSE), draw)
    steps = [[(step.start, step.end) for step in split_steps(text, kind=kind)] for kind in KINDS]
    options = damaged("Which?\n(A) one\n(B) two\nC. three\nD) four", draw)
    return list(json_objects(text)), steps, choice_options(options)


def tests(draw: random.Random) -> object:
    """Parse damaged tests, as given, as generated and in a statement."""
    lines = draw.choices(
        (*written_tests.SETUPS, *written_tests.ASSERTS, *written_tests.OTHERS), k=3
    )
    text, name = damaged("\n".join(lines), draw), draw.choice(("f", None))
    statement = damaged("\n".join(draw.sample(written_tests.STATEMENTS, 3)), draw)
    written = damaged(written_tests.generated(lines, draw), draw)
    return (
        parse_generated_tests(written, entry_point="f", limit=4),
        statement_examples(statement, entry_point=name),
        parse_tests(text, entry_point=name),
    )


def patch(draw: random.Random) -> object:
    """Apply a damaged patch of two files."""
    old = {name: "".join(f"{name} {n}\n" for n in range(draw.randint(0, 9))) for name in "ab"}
    new = {name: damaged(text, draw) for name, text in old.items() if draw.random() < 0.9}
    text = (
        damaged(unified_patch(old, new), draw) if draw.random() < 0.7 else unified_patch(old, new)
    )
    return changed_lines(text), apply_patch(text, old.get)


def go(draw: random.Random) -> object:
    """Read damaged events of Go."""
    return read_go(damaged(GO, draw))


def tap(draw: random.Random) -> object:
    """Read a damaged report of TAP."""
    text = damaged(TAP, draw)
    return looks_like_tap(text), read_tap(text)


def cargo(draw: random.Random) -> object:
    """Read damaged output of Cargo."""
    text = damaged(CARGO, draw) if draw.random() < 0.8 else ""
    return read_cargo(text, damaged("warning: x\nerror[E1]: no\n --> a.rs:3", draw))


def jest(draw: random.Random) -> object:
    """Read a damaged report of Jest."""
    return read_jest(damaged(JEST, draw).encode(), draw.choice(("/root", "")))


def junit(draw: random.Random) -> object:
    """Read a damaged report of JUnit, and a sound one."""
    return read_junit([damaged(JUNIT, draw).encode(), JUNIT.encode()][: draw.randint(1, 2)])


def records(draw: random.Random) -> object:
    """Read records of the plug-in, of which some are missing, moved or badly signed."""
    kept = [record for record in RECORDS if draw.random() < 0.9]
    if draw.random() < 0.2:
        kept.insert(draw.randrange(len(kept)), kept[-1])
    body = b""
    for number, record in enumerate(kept, draw.random() < 0.1):
        text = json.dumps([number, record]).encode()
        body += hmac.new(KEY, text, hashlib.sha256).hexdigest().encode() + text + b"\n"
    return read_records(body, draw.choice((KEY, KEY, KEY, b"other")))


def command(draw: random.Random) -> object:
    """Recognise the runner of a damaged command."""
    text = damaged(draw.choice(COMMANDS), draw)
    return recipe_for(text), recipe_for(draw.choice(COMMANDS).split())


def protected(draw: random.Random) -> object:
    """Decide which files of a patch may be applied."""
    paths = [draw.choice(("", "", "pkg/", "src/tests/")) + draw.choice(PATHS) for _ in range(3)]
    texts = (
        "x = 1\n",
        "[tool.pytest.ini_options]\na = 1\n[project]\nname = 'x'\n",
        None,
        b"\xff",
        "{}",
    )
    changes = {path: draw.choice(texts) for path in paths}
    more, allowed = draw.choice(((), ("src/*",))), draw.choice(((), ("conftest.py",)))
    kept = protect(changes, Path("/nowhere"), more=more, allowed=allowed)
    return [is_test(path) for path in paths], kept


def suspects(draw: random.Random) -> object:
    """Rank lines by random tests, damaged outputs and a damaged description."""
    sources: Mapping[str, str] = mutated_programs.PROGRAMS
    lines = [Line(path, n) for path, text in sources.items() for n in range(1, text.count("\n"))]
    runs = [
        ExecutedLines(f"t{n}", draw.random() < 0.4, frozenset(draw.sample(lines, 12)))
        for n in range(draw.randint(0, 5))
    ]
    issue = damaged(draw.choice(ISSUES), draw)
    ranked = rank_suspects(
        sources,
        spectrum=Spectrum(runs) if runs else None,
        outputs=[damaged(draw.choice(OUTPUTS), draw)],
        text=issue,
        formula=draw.choice(sorted(FORMULAS)),
        limit=draw.choice((None, 5)),
    )
    found = sorted(mentioned_lines(issue, sources).items())
    return ranked, found, sorted(names_in(issue))


def change(draw: random.Random) -> object:
    """Change a damaged program, and find the error that was put into it."""
    name = draw.choice(sorted(mutated_programs.PROGRAMS))
    text = damaged(mutated_programs.PROGRAMS[name], draw)
    lines = draw.sample(range(1, text.count("\n") + 2), 3)
    lines_to_change = [SuspectLine(path=name, line=n, score=draw.random()) for n in lines]
    made = islice(mutations({name: text}, lines_to_change, seed=draw.randrange(9)), 40)
    changes = [(one.line, one.operator, round(one.score, 6), one.after) for one in made]
    solution = damaged(mutated_programs.SOLUTION, draw)
    return changes, [*text_errors(solution, seed=1)]


def error(draw: random.Random) -> object:
    """Put errors into a damaged small program, and find an error again."""
    text = damaged(draw.choice(SMALL), draw)
    errors = islice(program_errors(text, seed=draw.randrange(9)), 3)
    shown = [(error.type, error.start, error.before, error.after) for error in errors]
    return shown, error_between(text, damaged(text, draw))


READERS: Mapping[str, Callable[[random.Random], object]] = {
    reader.__name__: reader
    for reader in (
        edit, program, fingerprint, answer, prose, tests, patch, go, tap, cargo, jest, junit,
        records, command, protected, suspects, change, error,
    )
}  # fmt: skip


def outcome(reader: Callable[[random.Random], object], number: int) -> str:
    """Return what a reader makes of a text, or that it refuses it."""
    try:
        return repr(reader(random.Random(number)))
    except InputError:
        return "refused"


def digests(name: str) -> str:
    """Return a line with a digest for every ten texts of a reader."""
    count = FEWER if name in ("change", "error", "suspects") else TEXTS
    lines: list[str] = []
    for first in range(0, count, TOGETHER):
        read = "\n".join(outcome(READERS[name], first + n) for n in range(TOGETHER))
        digest = hashlib.sha256(read.encode("utf-8", "backslashreplace")).hexdigest()[:12]
        lines.append(f"{name} {first}: {digest}\n")
    return "".join(lines)


if __name__ == "__main__":
    name, beginning = sys.argv[1], int(sys.argv[2])
    for number in range(beginning, beginning + TOGETHER):
        sys.stdout.write(f"{number} {outcome(READERS[name], number)}\n\n")
