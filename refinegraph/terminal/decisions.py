"""The decisions of a run in words, on request with the numbers behind them."""

from collections.abc import Sequence

from rich.text import Text

from refinegraph.schema import Decision
from refinegraph.terminal.text import cut
from refinegraph.wording import explained, moves_words

_LONGEST = 300
"""Characters of a reason: about four lines of a narrow terminal."""
_INDENT = "     "


def decisions_view(decisions: Sequence[Decision], *, numbers: bool = False) -> Text:
    """Return the decisions in order, each with its action and reason in one paragraph."""
    return Text("\n").join(
        line
        for decision, reasons in explained(decisions)
        for line in _lines(decision, reasons, numbers=numbers)
    )


def _lines(decision: Decision, reasons: Sequence[str], *, numbers: bool) -> list[Text]:
    head = Text(f"{decision.number + 1:>3}. ", style="dim")
    lines = [head.append(_action(decision), style="bold")]
    lines += [Text(f"{_INDENT}{cut(words, _LONGEST)}") for words in reasons]
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
