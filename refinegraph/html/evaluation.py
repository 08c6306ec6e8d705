"""An evaluation as one page: conclusions, comparison, figures and all runs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile

from refinegraph.evaluation.metrics import Comparison, StrategySummary, Summary
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.significance import LEAST_DIFFERING, differing, p_words, tested
from refinegraph.html.charts import reliability_plot, token_histogram
from refinegraph.html.conclusions import FEW_PROBLEMS, conclusions
from refinegraph.html.page import (
    Section,
    asset,
    contents,
    date_words,
    dotted,
    page,
    percent,
    table,
    text,
)
from refinegraph.html.plot import Point, accuracy_plot
from refinegraph.html.refinement_table import refinement_parts
from refinegraph.html.run_table import RunTable
from refinegraph.wording import plural

_MEMORY = 8_000_000
"""Characters of compressed runs that are held in memory before a temporary file is used."""
_FEW_RUNS = 20
"""The number of runs below which no histogram is drawn, because its bars would be single runs."""


def evaluation_page(
    summary: Summary, runs: Iterable[RunLine], *, title: str, facts: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the page of an evaluation in pieces; runs are read once and not kept.

    Args:
        summary: The figures.
        runs: Every run, for the table from which each can be opened.
        title: The name of the evaluation.
        facts: What else its heading says, such as the folder, the model and the date.
    """
    strategies = list(summary.strategies)
    named = _strategies_words(strategies)
    counts = [plural(summary.problems, "problem"), *([] if named in title else [named]), *facts]
    header = (
        f'<p class="eyebrow">Evaluation</p><h1>{text(title)}</h1>'
        f'<p class="dim">{dotted(counts)}</p>'
    )
    with SpooledTemporaryFile(_MEMORY, mode="w+", encoding="ascii") as spool:
        run_table = RunTable(runs, strategies=strategies, spool=spool)
        sections = [*comparison_sections(summary), Section("runs", "Runs", run_table.parts())]
        yield from page(
            " · ".join((title, *counts)),
            contents(sections),
            header=header,
            script=asset("run.js") + asset("runs.js"),
            data=run_table.data(),
        )


def evaluation_title(settings: EvaluationSettings) -> str:
    """Return the title of an evaluation, which names its strategies and its dataset."""
    name = Path(settings.dataset).name if settings.dataset else "problems"
    return f"{_strategies_words(settings.strategies)} on {name}"


def evaluation_facts(settings: EvaluationSettings, *, finished: float) -> tuple[str, ...]:
    """Return the facts for the heading of an evaluation: its models and date.

    `finished` is in seconds since 1970.
    """
    models = list(dict.fromkeys(filter(None, settings.models)))
    named = f"{'model' if len(models) == 1 else 'models'} {', '.join(models)}" if models else ""
    return tuple(filter(None, (named, date_words(finished))))


def _strategies_words(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    return plural(len(names), "strategy", "strategies")


def comparison_sections(summary: Summary) -> list[Section]:
    """Return the sections that compare strategies, without empty ones."""
    summaries = summary.strategies
    sections = [
        Section("conclusions", "Conclusions", _conclusions(summary)),
        Section("strategies", "Strategies", _strategies(summaries)),
    ]
    if any(pair.difference is not None for pair in summary.comparisons):
        sections.append(Section("differences", "Problem by problem", _differences(summary)))
    if summary.equal_cost:
        sections.append(Section("equal-cost", "At equal cost", _equal_cost(summary)))
    sections += [
        Section("refinement", "What refinement did", refinement_parts(summaries)),
        Section("stops", "Why runs stopped", _stops(summaries)),
        Section("costs", "Time and tokens of a run", _costs(summaries)),
    ]
    if any(figures.reliability for figures in summaries.values()):
        title = "How far scores can be trusted"
        sections.append(Section("calibration", title, _calibration(summaries)))
    if summary.left_out:
        sections.append(Section("left-out", "Problems left out", _left_out(summary)))
    return sections


def _conclusions(summary: Summary) -> Iterator[str]:
    items = "".join(f"<li>{text(sentence)}</li>\n" for sentence in conclusions(summary))
    yield f"<ul>\n{items}</ul>\n" if items else '<p class="dim">There is nothing to count.</p>\n'


def _strategies(summaries: dict[str, StrategySummary]) -> Iterator[str]:
    yield accuracy_plot([_point(name, figures) for name, figures in summaries.items() if figures.n])
    headings = (
        "Strategy",
        "Solved",
        "Accuracy",
        "95% interval",
        "Tokens",
        "Model calls",
        "USD",
        "Seconds",
        "Fooled",
    )
    rows = [_strategy_row(name, figures) for name, figures in summaries.items()]
    yield from table(headings, rows, label="strategies", row_headings=True)
    yield (
        '<p class="dim">Tokens, model calls, USD and seconds are per problem. “Fooled” is the '
        "share of answers that pass all visible tests and fail the hidden ones. The interval is "
        "Wilson's.</p>\n"
    )


def _point(name: str, figures: StrategySummary) -> Point:
    return Point(
        name,
        figures.total_tokens / (figures.runs or 1),
        figures.accuracy or 0.0,
        figures.ci_low or 0.0,
        figures.ci_high or 0.0,
        tuple((size.tokens, size.accuracy) for size in figures.curve),
    )


def _strategy_row(name: str, figures: StrategySummary) -> tuple[str, ...]:
    runs = figures.runs or 1
    interval = "–"
    if figures.ci_low is not None and figures.ci_high is not None:
        interval = f"{100 * figures.ci_low:.1f} to {percent(figures.ci_high)}"
    return (
        text(name),
        f"{round((figures.accuracy or 0.0) * figures.n):,} of {figures.n:,}",
        percent(figures.accuracy),
        interval,
        f"{figures.total_tokens / runs:,.0f}",
        f"{figures.llm_calls / runs:.1f}",
        "?" if figures.cost_usd is None else f"{figures.cost_usd / runs:.2g}",
        f"{figures.wall_seconds / runs:.2f}",
        percent(figures.fooled),
    )


def _differences(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(pair.second)} against {text(pair.first)}",
            f"{pair.n:,}",
            _points(pair.difference),
            f"{_points(pair.ci_low)} to {_points(pair.ci_high)}",
            f"{pair.only_second:,}",
            f"{pair.only_first:,}",
            _shown_p(pair, pair.p_value),
            _shown_p(pair, p_value),
        )
        for pair, p_value in tested(summary.comparisons)
    ]
    headings = (
        "Pair",
        "n",
        "Difference in points",
        "95% bootstrap interval",
        "Only the first right",
        "Only the second right",
        "p",
        "p, corrected",
    )
    yield from table(headings, rows, label="paired differences", row_headings=True)
    yield (
        '<p class="dim">p is that of McNemar\'s exact test, corrected for the number of pairs by '
        f"Holm's method. It is left out below {LEAST_DIFFERING} problems with different outcomes, "
        "which cannot show a difference at the 5% level.</p>\n"
    )


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:+.1f}".replace("-", "−")


def _shown_p(pair: Comparison, p_value: float | None) -> str:
    if differing(pair) < LEAST_DIFFERING:
        return "–"
    return p_words(p_value).replace("less than ", "&lt; ")


def _equal_cost(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(pair.strategy)} against {text(pair.baseline)}",
            f"{pair.tokens:,.0f}",
            percent(pair.accuracy),
            percent(pair.baseline_accuracy),
            "–" if pair.baseline_tokens is None else f"{pair.baseline_tokens:,.0f}",
        )
        for pair in summary.equal_cost
    ]
    headings = (
        "Pair",
        "Tokens of the first",
        "Its accuracy",
        "Accuracy of the second for these tokens",
        "Tokens of the second for this accuracy",
    )
    yield from table(headings, rows, label="comparison at equal cost", row_headings=True)
    yield (
        '<p class="dim">The second strategy is replayed with fewer of its own samples. A dash '
        "stands where they do not reach; nothing is extrapolated.</p>\n"
    )


def _stops(summaries: dict[str, StrategySummary]) -> Iterator[str]:
    reasons = sorted({reason for figures in summaries.values() for reason in figures.stop_reasons})
    rows = [
        (text(name), *(f"{figures.stop_reasons.get(reason, 0):,}" for reason in reasons))
        for name, figures in summaries.items()
    ]
    yield from table(("Strategy", *reasons), rows, label="stop rules", row_headings=True)
    yield '<p class="dim">Runs that each stop rule ended.</p>\n'


def _costs(summaries: dict[str, StrategySummary]) -> Iterator[str]:
    figures = [
        token_histogram(name, figures.token_histogram)
        for name, figures in summaries.items()
        if figures.runs >= _FEW_RUNS
    ]
    if any(figures):
        yield f'<div class="figures">{"".join(figures)}</div>\n'
    if len(figures) < len(summaries):
        yield _hidden("Histograms", f"{_FEW_RUNS} runs")
    rows = [
        (
            text(name),
            _seconds(figures.seconds_median),
            _seconds(figures.seconds_95) if figures.runs >= _FEW_RUNS else "–",
            f"{figures.retries:,}",
            text(", ".join(f"{count} {kind}" for kind, count in figures.failures.items()) or "–"),
        )
        for name, figures in summaries.items()
    ]
    headings = (
        "Strategy",
        "Median seconds",
        "95% of runs within",
        "Retried requests",
        "Failed moves",
    )
    yield from table(headings, rows, label="time and failures", row_headings=True)


def _hidden(what: str, minimum: str) -> str:
    return f'<p class="dim">{what} are shown from {minimum} on; fewer would mislead.</p>\n'


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _calibration(summaries: dict[str, StrategySummary]) -> Iterator[str]:
    scored = {
        name: figures
        for name, figures in summaries.items()
        if sum(part.answers for part in figures.reliability) >= FEW_PROBLEMS
    }
    if len(scored) < sum(bool(figures.reliability) for figures in summaries.values()):
        yield _hidden("Calibration figures", f"{FEW_PROBLEMS} scored answers")
    if not scored:
        return
    plots = "".join(reliability_plot(name, figures.reliability) for name, figures in scored.items())
    yield f'<div class="figures">{plots}</div>\n'
    rows = [
        (text(name), f"{figures.calibration_error or 0:.3f}", f"{figures.brier or 0:.3f}")
        for name, figures in scored.items()
    ]
    headings = ("Strategy", "Expected calibration error", "Brier score")
    yield from table(headings, rows, label="calibration", row_headings=True)
    yield (
        '<p class="dim">The score of each answer against how often answers of that score were '
        "right. Expected calibration error: arXiv 1706.04599; Brier score: Brier 1950. 0 is best "
        "for both.</p>\n"
    )


def _left_out(summary: Summary) -> Iterator[str]:
    yield "<p>Hidden tests that cannot judge an answer; no strategy was given the problems.</p>\n"
    rows = [(text(problem.problem_id), text(problem.reason)) for problem in summary.left_out]
    yield from table(("Problem", "Reason"), rows, label="problems left out", row_headings=True)
