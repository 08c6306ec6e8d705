"""The decisions of a run in words, on request with the numbers behind them."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from refinegraph.schema import Decision, Move
from refinegraph.terminal.text import cut
from refinegraph.wording import plural

_LONGEST = 300
"""Characters of a reason: about four lines of a narrow terminal."""
_INDENT = "     "


def decisions_view(decisions: Sequence[Decision], *, numbers: bool = False) -> Text:
    """Return the decisions in order, each with its action and reason in one paragraph."""
    return Text("\n").join(
        line for decision in decisions for line in _lines(decision, numbers=numbers)
    )


def _lines(decision: Decision, *, numbers: bool) -> list[Text]:
    head = Text(f"{decision.number + 1:>3}. ", style="dim")
    lines = [head.append(_action(decision), style="bold")]
    lines += [Text(f"{_INDENT}{sentence}") for sentence in _reasons(decision)]
    if numbers:
        routed = decision.difficulty.features if decision.difficulty else ()
        for feature in (*routed, *decision.features):
            lines.append(Text(f"{_INDENT}{feature.name:<32} {feature.value:.4g}", style="cyan"))
    return lines


def _action(decision: Decision) -> str:
    if decision.stop_reason:
        return f"Stop ({decision.stop_reason.rule})"
    words = moves_words(decision)
    words = f"round {decision.round}: {words}" if decision.action == "refine" else words
    return f"{words[:1].upper()}{words[1:]}"


def _reasons(decision: Decision) -> list[str]:
    """Return one sentence for each thing that led to a decision."""
    reasons = list(decision.difficulty.reasons) if decision.difficulty else []
    level = decision.difficulty.level if decision.difficulty else ""
    sentences = [f"The problem looks {level}: {'; '.join(reasons)}"] if reasons else []
    if decision.stop_reason and decision.stop_reason.detail not in ("", *reasons):
        sentences.append(decision.stop_reason.detail)
    sentences += _estimates(
        decision, {feature.name: feature.value for feature in decision.features}
    )
    return [cut(_sentence(text), _LONGEST) for text in sentences]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _estimates(decision: Decision, values: Mapping[str, float]) -> list[str]:
    """Return the policy's estimates for its choices; empty for policies without estimates."""
    if "sample_chance" in values and "repair_chance" in values:
        return _code_estimates(decision, values)
    if "belief" in values:
        return [f"the leading answer is right with a chance of {values['belief']:.0%}"]
    return []


def _code_estimates(decision: Decision, values: Mapping[str, float]) -> list[str]:
    """Compare the next sample with the next repair; a run that is proved needs neither."""
    if decision.stop_reason and decision.stop_reason.rule == "accepted":
        return []
    sample = f"a new sample would pass with a chance of {values['sample_chance']:.0%}"
    if not values["repair_chance"]:
        return [f"{sample}, and there is nothing to repair"]
    chances = f"{sample}, a repair with {values['repair_chance']:.0%}"
    if decision.stop_reason:
        return [chances]
    better, other = ("repair", "sample") if decision.action == "refine" else ("sample", "repair")
    more = values.get(f"{better}_worth", 0) >= values.get(f"{other}_worth", 0)
    return [f"{chances}; per token, the {better} promises more" if more else chances]


def moves_words(decision: Decision) -> str:
    """Describe the moves of a decision, operator by operator.

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
    return f"{name} {plural(count, 'time')}" if count > 1 else name
