"""Measure every role of a model, and write the tables into its card.

    python -m training.report --model runs/one/model.gguf --tasks 200 --card

The tasks are held out: no training task computes the same function. Every figure is shown with a
baseline that needs no model or does not use the role. A report with `--kept figures.json` that was
interrupted continues after the last group of figures that it measured.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from refinegraph.agents.models.providers.local_chat import WEIGHTS, LocalChatModel, trained_model
from refinegraph.evaluation.statistics import bootstrap_interval
from refinegraph.tools.sandbox import Sandbox
from training.figure import Figure
from training.figures import measure_roles
from training.grades import Grade, measure_grades
from training.kept import Kept
from training.measuring import Measure

CARD = WEIGHTS.parent / "MODEL_CARD.md"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [headings, ["---"] * len(headings), *rows]
    joined = [" | ".join(line) for line in lines]
    return "\n".join(
        f"|{line.replace(' | ', '|')}|" if number == 1 else f"| {line} |"
        for number, line in enumerate(joined)
    )


def role_table(figures: Sequence[Figure]) -> str:
    """Return a table with a row per role: its figure with an interval, and the baseline."""
    rows = [
        [figure.role, figure.measures, _share(figure.values), figure.baseline_is,
         _percent(figure.baseline), str(len(figure.values))]
        for figure in figures
    ]  # fmt: skip
    return table(["role", "measured", "value", "baseline", "its value", "of"], rows)


def grade_table(grades: Sequence[Grade]) -> str:
    """Return a table with a row per number of vague steps."""
    rows = [
        [str(grade.vague), _share(grade.first), _share(grade.repaired), _share(grade.again),
         _share(grade.afresh), f"{grade.edit_tokens:.0f}", f"{grade.cost:.2f}"]
        for grade in grades
    ]  # fmt: skip
    headings = ["vague steps", "pass@1", "first repair", "second repair", "fresh sample instead",
                "tokens of a repair", "repair to a sample"]  # fmt: skip
    return table(headings, rows)


def write_card(card: Path, text: str) -> None:
    """Insert the figures between their markers; a card without markers gets them at its end."""
    before, _, rest = card.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    card.write_text(f"{before.rstrip()}\n\n{_BEGIN}\n\n{text}\n\n{_END}{after or chr(10)}")


def _share(values: Sequence[float]) -> str:
    if not values:
        return "none"
    low, high = bootstrap_interval(values) or (0.0, 1.0)
    return f"{_percent(sum(values) / len(values))} ({_percent(low)} to {_percent(high)})"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


async def measure(model: LocalChatModel, tasks: int, kept: Kept) -> str:
    """Return both tables as Markdown."""
    async with Sandbox() as sandbox:
        measure = Measure(model, sandbox)
        figures = await measure_roles(measure, kept, count=tasks)
        grades = await measure_grades(measure, kept, count=tasks)
    return f"{role_table(figures)}\n\n{grade_table(grades)}"


def main() -> None:
    """Measure, print the tables, and write them into the card if requested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--card", action="store_true", help=f"write the tables into {CARD.name}")
    parser.add_argument(
        "--kept", type=Path, help="a file for the figures of this model and number of tasks"
    )
    options = parser.parse_args()
    model = trained_model(options.model, label="measured")
    text = asyncio.run(measure(model, options.tasks, Kept(options.kept)))
    Console().print(text, markup=False, soft_wrap=True)
    if options.card:
        write_card(CARD, text)


if __name__ == "__main__":
    main()
