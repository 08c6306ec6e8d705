"""Why a run went as it did: its decisions with the numbers behind them."""

from collections.abc import Sequence

from rich.text import Text

from refinegraph.schema import Decision, Feature
from refinegraph.view.text import cut, plural

_LONGEST = 300


def decisions_view(decisions: Sequence[Decision]) -> Text:
    """Return the decisions in order: what was done, why, and the numbers that were weighed."""
    return Text("\n").join([line for each in decisions for line in _lines(each)])


def _lines(decision: Decision) -> list[Text]:
    head = Text(f"  {decision.number + 1}. ", style="dim").append(_action(decision), style="bold")
    reasons = decision.difficulty.reasons if decision.difficulty else ()
    level = f"{decision.difficulty.level}: " if decision.difficulty else ""
    lines = [head]
    if reasons:
        lines.append(Text(f"     {level}{cut('; '.join(reasons), _LONGEST)}"))
    if decision.stop_reason:
        lines.append(Text(f"     {cut(decision.stop_reason.detail, _LONGEST)}"))
    for each in _numbers(decision):
        lines.append(Text(f"     {each.name:<32} {each.value:.4g}", style="cyan"))
    return lines


def _numbers(decision: Decision) -> tuple[Feature, ...]:
    routed = decision.difficulty.features if decision.difficulty else ()
    return (*routed, *decision.features)


def _action(decision: Decision) -> str:
    if decision.stop_reason:
        return f"stop ({decision.stop_reason.rule})"
    if decision.action == "refine":
        return f"round {decision.round}: refine {', '.join(decision.targets)}"
    return f"take {plural(decision.samples, 'more sample')}"
