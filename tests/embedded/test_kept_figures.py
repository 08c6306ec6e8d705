"""Figures of a report: kept between interruptions, and paired with and without test results."""

from pathlib import Path

from refinegraph.agents.models.providers.local_chat import WEIGHTS, trained_model
from refinegraph.tools import Sandbox
from training.evidence import evidence_tasks, measure_evidence
from training.figure import Figure
from training.kept import Kept
from training.measuring import Measure
from training.report import write_card

FIGURE = Figure("solver", "right", (1.0, 0.0), "never", 0.0)


async def test_a_group_is_measured_once(tmp_path: Path) -> None:
    calls: list[str] = []

    async def measured() -> list[Figure]:
        calls.append("measured")
        return [FIGURE]

    path = tmp_path / "figures.json"
    first = await Kept(path).get("writing", Figure, measured)
    again = await Kept(path).get("writing", Figure, measured)
    other = await Kept(path).get("judging", Figure, measured)
    assert first == again == other == [FIGURE]
    assert len(calls) == 2


async def test_without_a_file_nothing_is_kept() -> None:
    async def measured() -> list[Figure]:
        return [FIGURE]

    assert await Kept(None).get("writing", Figure, measured) == [FIGURE]


def test_the_text_around_the_figures_of_a_card_stays(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("Before.\n\n<!-- figures -->\nold\n<!-- end of figures -->\n\nAfter.\n")
    write_card(card, "new")
    text = "Before.\n\n<!-- figures -->\n\nnew\n\n<!-- end of figures -->\n\nAfter.\n"
    assert card.read_text() == text


async def test_repairs_with_and_without_test_results_are_of_the_same_programs() -> None:
    async with Sandbox() as sandbox:
        measure = Measure(trained_model(WEIGHTS, label="model"), sandbox)
        figures = await measure_evidence(measure, evidence_tasks(1)[:8])
    seen, blind, withheld, edited, branched = (figure.values for figure in figures)
    assert 0 < len(seen) == len(blind) == len(withheld) == len(edited) == len(branched) <= 8
    assert withheld == tuple(b - s for s, b in zip(seen, blind, strict=True))
    assert {*edited, *branched} <= {-1.0, 0.0, 1.0}
