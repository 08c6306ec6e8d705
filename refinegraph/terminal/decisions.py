"""Why a run went as it did: its decisions with the numbers behind them."""

from collections.abc import Sequence

from rich.text import Text

from refinegraph.schema import Decision, Feature, Move
from refinegraph.terminal.text import cut
from refinegraph.wording import plural

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
    if decision.stop_reason and decision.stop_reason.detail not in ("", *reasons):
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
    words = moves_words(decision)
    return f"round {decision.round}: {words}" if decision.action == "refine" else words


def moves_words(decision: Decision) -> str:
    """Say what a decision's moves do, operator by operator.

    >>> from refinegraph.schema import Move
    >>> moves_words(Decision(number=2, moves=(Move(operator="solve", count=2),)))
    'take 2 more samples'
    """
    by_operator: dict[str, list[Move]] = {}
    for move in decision.moves:
        by_operator.setdefault(move.operator, []).append(move)
    return ", ".join(_operator_words(moves, decision) for moves in by_operator.values())


def _operator_words(moves: Sequence[Move], decision: Decision) -> str:
    operator = moves[0].operator
    parents = list(dict.fromkeys(parent for move in moves for parent in move.parents))
    count = sum(move.count for move in moves)
    if operator == "solve" and not parents:
        return f"take {plural(count, 'more sample' if decision.number else 'sample')}"
    name = operator.replace("_", " ")
    if parents:
        return f"{name} {', '.join(parents)}"
    return f"{name} {count} times" if count > 1 else name
