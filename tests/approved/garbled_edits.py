"""Edits as models garble them: in every form, with slips in the quoted lines."""

# ruff: noqa: E501

import random
from collections.abc import Iterator, Mapping

from refinegraph.tools.edits import EditResult, RejectedEdit, edit_files, read_edits
from refinegraph.tools.edits.types import DeleteFile, Edit, LineEdit, Replacement, WholeFile

FILES = {
    "shop.py": (
        "TAX = 0.2\n\n\ndef price(net):\n    if net < 0:\n        raise ValueError(net)\n"
        "    total = net * (1 + TAX)\n    return total\n\n\ndef label(name, net):\n"
        '    total = price(net)\n    return f"{name}: {total}"\n'
    ),
    "stock/count.py": (
        "def count(items):\n\ttotal = 0\n\tfor item in items:\n\t\ttotal += item\n\treturn total\n"
    ),
}
PATHS = (
    "shop.py",
    "stock/count.py",
    "./shop.py",
    "count.py",
    "b/shop.py",
    "other.py",
    "../shop.py",
    "",
)
FORMS = ("markers", "fenced markers", "tags", "labels", "diff", "bare hunk", "numbers", "heading",
         "command", "file")  # fmt: skip
WITHOUT_PATH = ("bare hunk", "numbers", "command")
SLIPS = ("none", "none", "spaces", "word", "blank", "elided", "quotes", "numbers", "shorter",
         "longer", "same", "done", "nothing")  # fmt: skip
CASES = 360


def outcomes() -> Iterator[str]:
    """Yield the form, the slip and the outcome of each edit."""
    for number in range(CASES):
        draw = random.Random(number)
        form, slip = FORMS[number % len(FORMS)], draw.choice(SLIPS)
        count = 2 if draw.random() < 0.2 else 1
        text = "\n\n".join(answer(form, slip, draw) for _ in range(count))
        truncated = draw.random() < 0.1
        files = {"": FILES["shop.py"]} if form in WITHOUT_PATH else FILES
        yield f"{number} {form}, {slip}: {described(text, files, truncated=truncated)}"


def answer(form: str, slip: str, draw: random.Random) -> str:
    """Return an answer that replaces a few lines of a file."""
    path = draw.choice(PATHS if draw.random() < 0.3 else PATHS[:2])
    path = "" if form in WITHOUT_PATH else path
    lines = FILES["stock/count.py" if "count" in path else "shop.py"].splitlines()
    first = draw.randrange(len(lines))
    last = min(len(lines), first + draw.randint(1, 4))
    old = lines[first:last]
    new = [line.replace("total", "result") for line in old] + ["    done = True"] * draw.randint(
        0, 1
    )
    old, new = slipped(old, new, slip, lines, draw)
    return written(form, path, first + 1, old, new)


def slipped(
    old: list[str], new: list[str], slip: str, lines: list[str], draw: random.Random
) -> tuple[list[str], list[str]]:
    """Return the quoted and the new lines with a slip of the model."""
    changed = {
        "spaces": ([" " + line.strip().replace(" = ", "=") for line in old], new),
        "word": ([line.replace("net", "nett").replace("item", "itm") for line in old], new),
        "blank": (["", *old, ""], new),
        "elided": ([old[0], "    # ...", old[-1]], [new[0], "    # ...", new[-1]]),
        "quotes": ([line.replace('"', "“") for line in old], new),
        "numbers": ([f"{n:>3} | {line}" for n, line in enumerate(old, 3)], new),
        "shorter": (old[:1], new),
        "longer": ([*old, "    nowhere()"], new),
        "same": (old, old),
        "done": (new, lines[2:4]),
        "nothing": ([], new),
    }
    return changed.get(slip, (old, new))


def written(form: str, path: str, first: int, old: list[str], new: list[str]) -> str:
    """Return an edit as an answer in a form."""
    before, after, last = "\n".join(old), "\n".join(new), first + len(old) - 1
    marked = f"{path}\n<<<<<<< SEARCH\n{before}\n=======\n{after}\n>>>>>>> REPLACE"
    removed = "".join(f"\n-{line}" for line in old)
    added = "".join(f"\n+{line}" for line in new)
    counts = f"@@ -{first},{len(old)} +{first},{len(new)} @@"
    numbered = "\n".join(f"{number}: {line}" for number, line in enumerate(new, first))
    return {
        "markers": marked,
        "fenced markers": f"Here it is:\n```python\n{marked.rpartition(chr(10))[0]}\n```",
        "tags": f"{path}\n<search>\n{before}\n</search>\n<replace>\n{after}\n</replace>",
        "labels": f"Search:\n```python {path}\n{before}\n```\nReplace with:\n```\n{after}\n```",
        "diff": f"```diff\n--- a/{path}\n+++ b/{path}\n{counts}{removed}{added}\n```",
        "bare hunk": f"@@ ... @@{removed}{added}",
        "numbers": f"```\n{numbered}\n```",
        "heading": f"Replace lines {first}-{last}:\n```python {path}\n{after}\n```",
        "command": f"edit {first}:{last}\n{after}\nend_of_edit",
        "file": f"{path}\n```python\n{after}\n```",
    }[form]


def described(text: str, files: Mapping[str, str], *, truncated: bool) -> str:
    """Return the edits of an answer, and what they make of the files or why not."""
    edits = read_edits(text, truncated=truncated)
    if isinstance(edits, RejectedEdit):
        return f"{edits.kind} of edit {edits.edit}: {edits.text!r}"
    result = edit_files(text, files, truncated=truncated)
    read = "; ".join(map(shown, edits))
    if isinstance(result, RejectedEdit):
        return f"{read} => {result.kind} of edit {result.edit}: {result.text!r}"
    return f"{read} => {changes(result, files)}"


def shown(edit: Edit) -> str:
    """Return an edit in brief."""
    match edit:
        case Replacement():
            line = f" at {edit.line}" if edit.line else ""
            opened = "" if edit.closed else " unclosed"
            return f"{edit.path}{line}{opened} {edit.search.count(chr(10))} lines for {edit.replace.count(chr(10))}"
        case LineEdit():
            return f"{edit.path} {edit.first} to {edit.last} for {edit.text.count(chr(10))}"
        case WholeFile():
            return f"{edit.path} with {edit.text.count(chr(10))} lines"
        case DeleteFile():
            return f"without {edit.path}"


def changes(result: EditResult, files: Mapping[str, str]) -> str:
    """Return where edits were applied, and the lines that were not there before."""
    places = ", ".join(f"{edit.path}:{edit.line} {edit.matched_by}" for edit in result.edits)
    news = [
        f"{path} {number} {line!r}"
        for path, text in result.files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if line not in files.get(path, "").splitlines()
    ]
    sizes = " ".join(f"{path}={text.count(chr(10))}" for path, text in result.files.items())
    return f"{places} | {sizes} | {'; '.join(news)}"
