"""The answer, and the summary of a run that ended."""

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from refinegraph.schema import RefinementResult
from refinegraph.view.text import printable, usage_words


def answer_view(result: RefinementResult) -> RenderableType:
    """Return the answer, highlighted where it is a program."""
    if result.answer is None:
        return Text("no answer")
    shown = printable(result.answer, lines=True)
    chosen = result.chosen
    if chosen is None or chosen.program is None:
        return Text(shown)
    return Syntax(shown, "python", theme="ansi_dark", background_color="default")


def summary_view(result: RefinementResult) -> RenderableType:
    """Return what a reader wants to know of a run, on less than a screen."""
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(result):
        table.add_row(Text(name, style="dim"), Text(printable(value)))
    return Group(Text(), table)


def _rows(result: RefinementResult) -> list[tuple[str, str]]:
    rows = [
        ("result", _outcome(result)),
        ("chosen", f"{result.selection.candidate_id or 'nothing'}: {result.selection.reason}"),
        ("stopped", f"{result.stop_reason.rule}: {result.stop_reason.detail}"),
        ("made", _made(result)),
        ("spent", f"{usage_words(result.usage)}, {result.usage.wall_seconds:.1f} s"),
        ("model", result.models.solver or "unknown"),
    ]
    if result.isolation:
        count = len(result.isolation.layers)
        rows.append(("sandbox", f"tier {result.isolation.tier}, {count} layers"))
    return rows


def _made(result: RefinementResult) -> str:
    made = f"{len(result.candidates)} candidates in {result.rounds} rounds of refinement"
    return f"{made}, {len(result.reverted)} reverted" if result.reverted else made


def _outcome(result: RefinementResult) -> str:
    if result.solved:
        origin = {test.origin for test in result.tests}
        where = "in the statement" if origin == {"statement"} else "given"
        return f"passes all {len(result.tests)} visible tests {where}"
    if result.solved is False:
        return "refuted: no candidate passes all visible tests"
    if any(test.origin == "generated" for test in result.tests):
        return "not proved: no tests were given, and those used were guessed by a model"
    return "not proved: there was nothing to check it with"
