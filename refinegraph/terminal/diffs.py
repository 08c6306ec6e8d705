"""Differences between a candidate and its refinement."""

import difflib

from rich.text import Text

from refinegraph.schema import Candidate
from refinegraph.terminal.text import printable
from refinegraph.wording import plural


def changed_lines(parent: Candidate, child: Candidate) -> list[str]:
    """Return the removed and added lines between two programs or texts, marked with - and +.

    >>> one = Candidate(id="0.0", operator="solve", text="", program="a = 1\\nb = 2")
    >>> changed_lines(one, one.model_copy(update={"program": "a = 1\\nb = 3"}))
    ['-b = 2', '+b = 3']
    """
    before, after = parent.content or parent.text, child.content or child.text
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in list(lines)[2:] if not line.startswith("@@")]


def diff_view(parent: Candidate, child: Candidate, *, max_lines: int) -> list[Text]:
    """Return at most `max_lines` lines that show the changes of a refinement."""
    lines = changed_lines(parent, child)
    if not lines:
        return [Text("nothing was changed", style="dim")]
    hidden = len(lines) - max_lines
    kept = lines if hidden <= 0 else lines[: max_lines - 1]
    shown = [Text(printable(line), style="red" if line[0] == "-" else "green") for line in kept]
    if hidden > 0:
        more = plural(len(lines) - len(kept), "more changed line")
        shown.append(Text(f"… {more}", style="dim"))
    return shown
