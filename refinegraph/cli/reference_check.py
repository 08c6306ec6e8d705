"""Leave out the problems of a data set whose own reference solution fails their hidden tests."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from refinegraph.evaluation.figures import LeftOut
from refinegraph.references import sound_problems
from refinegraph.schema import LabelledProblem
from refinegraph.tools.sandbox import Sandbox
from refinegraph.view.text import cut, plural, printable

_LONGEST_REASON = 300


async def faulty_problems(
    problems: Iterable[LabelledProblem], sandbox: Sandbox, console: Console
) -> tuple[LeftOut, ...]:
    """Return the problems that cannot judge an answer, and name them.

    Costs about one sandbox run per problem with a reference solution, and none without any.
    """
    checked = [labelled for labelled in problems if labelled.gold.reference]
    if not checked:
        return ()
    cost = f"about {plural(len(checked), 'sandbox run')}; --no-reference-check skips it"
    work = f"checking {plural(len(checked), 'reference solution')} against the hidden tests"
    console.print(Text(f"{work} ({cost})", style="dim"), soft_wrap=True)
    report = await sound_problems(checked, sandbox)
    left_out = tuple(
        LeftOut(problem_id=each.problem_id, reason=each.reason) for each in report.faulty
    )
    _show(left_out, console)
    return left_out


def _show(left_out: Sequence[LeftOut], console: Console) -> None:
    if not left_out:
        return
    count = plural(len(left_out), "problem")
    console.print(Text(f"{count} left out, whose reference solution fails:", style="yellow"))
    for each in left_out:
        reason = cut(each.reason, _LONGEST_REASON)
        console.print(Text(f"  {printable(each.problem_id)}: {reason}"), soft_wrap=True)
