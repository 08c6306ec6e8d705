"""Leave out problems of a dataset whose hidden tests cannot judge an answer."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from refinegraph.cli.summaries import LONGEST_REASON
from refinegraph.datasets import BadRecord
from refinegraph.datasets.references import sound_problems
from refinegraph.evaluation.metrics import LeftOut
from refinegraph.schema import LabelledProblem
from refinegraph.terminal.console import say
from refinegraph.terminal.text import cut, printable
from refinegraph.tools.sandbox import Sandbox
from refinegraph.wording import plural


async def faulty_problems(
    problems: Iterable[LabelledProblem], sandbox: Sandbox, console: Console
) -> tuple[LeftOut, ...]:
    """Return, and report, the problems whose tests cannot judge an answer.

    Those are tests that cannot be read, or that the problem's own reference solution fails.
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
    _show("problem", "since their tests cannot judge an answer", left_out, console)
    return left_out


def report_bad(records: Sequence[BadRecord], console: Console) -> tuple[LeftOut, ...]:
    """Report the records that cannot be read and return them as left out."""
    left_out = tuple(
        LeftOut(problem_id=record.id or f"line {record.line}", reason=record.reason)
        for record in records
    )
    _show("record", "since they cannot be read", left_out, console)
    return left_out


def _announce(references: int, console: Console) -> None:
    work = f"checking {plural(references, 'reference solution')} against the hidden tests"
    cost = "one or two sandbox runs each; --no-reference-check skips it"
    say(console, f"{work} ({cost})", "dim")


def _show(noun: str, why: str, left_out: Sequence[LeftOut], console: Console) -> None:
    if not left_out:
        return
    console.print(Text(f"{plural(len(left_out), noun)} left out, {why}:", style="yellow"))
    for problem in left_out:
        reason = cut(problem.reason, LONGEST_REASON)
        say(console, f"  {printable(problem.problem_id)}: {reason}")
