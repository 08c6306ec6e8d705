"""Leave out the problems of a data set whose hidden tests cannot judge an answer."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from refinegraph.cli.summaries import LONGEST_REASON
from refinegraph.datasets import BadRecord
from refinegraph.datasets.references import sound_problems
from refinegraph.evaluation.metrics import LeftOut
from refinegraph.schema import LabelledProblem
from refinegraph.terminal.text import cut, printable
from refinegraph.tools.sandbox import Sandbox
from refinegraph.wording import plural


async def faulty_problems(
    problems: Iterable[LabelledProblem], sandbox: Sandbox, console: Console
) -> tuple[LeftOut, ...]:
    """Return the problems that cannot judge an answer, and name them.

    Tests that cannot be read, or that the problem's own reference solution fails, judge nothing.
    Costs one or two sandbox runs per problem with a reference solution.
    """
    tested = [labelled for labelled in problems if labelled.problem.kind == "code"]
    references = sum(bool(labelled.gold.reference.strip()) for labelled in tested)
    if references:
        _announce(references, console)
    report = await sound_problems(tested, sandbox)
    left_out = tuple(
        LeftOut(problem_id=faulty.problem_id, reason=faulty.reason) for faulty in report.faulty
    )
    _show("problem", "whose tests judge nothing", left_out, console)
    return left_out


def report_bad(records: Sequence[BadRecord], console: Console) -> tuple[LeftOut, ...]:
    """Name the records that cannot be read and return them as left out."""
    left_out = tuple(
        LeftOut(problem_id=each.id or f"line {each.line}", reason=each.reason) for each in records
    )
    _show("record", "which cannot be read", left_out, console)
    return left_out


def _announce(references: int, console: Console) -> None:
    work = f"checking {plural(references, 'reference solution')} against the hidden tests"
    cost = "one or two sandbox runs each; --no-reference-check skips it"
    console.print(Text(f"{work} ({cost})", style="dim"), soft_wrap=True)


def _show(noun: str, why: str, left_out: Sequence[LeftOut], console: Console) -> None:
    if not left_out:
        return
    console.print(Text(f"{plural(len(left_out), noun)} left out, {why}:", style="yellow"))
    for each in left_out:
        reason = cut(each.reason, LONGEST_REASON)
        console.print(Text(f"  {printable(each.problem_id)}: {reason}"), soft_wrap=True)
