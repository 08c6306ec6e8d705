"""An evaluation as one page: the comparison, and every run behind it."""

from collections.abc import Iterable, Iterator

from refinegraph.evaluation.metrics import StrategySummary, Summary
from refinegraph.evaluation.records import RunLine
from refinegraph.html.charts import reliability_plot, token_histogram
from refinegraph.html.page import page, table, text
from refinegraph.html.plot import Point, accuracy_plot
from refinegraph.html.run_table import RUN_TABLE_SCRIPT, run_table
from refinegraph.wording import plural


def evaluation_page(summary: Summary, runs: Iterable[RunLine], *, title: str) -> Iterator[str]:
    """Yield the page, piece by piece; runs are read once and not kept."""
    yield from page(f"Evaluation {title}", _body(summary, runs), script=RUN_TABLE_SCRIPT)


def _body(summary: Summary, runs: Iterable[RunLine]) -> Iterator[str]:
    yield f"<p>{summary.problems} problems, {len(summary.strategies)} strategies.</p>\n"
    yield from _not_counted(summary)
    yield from comparison_parts(summary)
    yield "<h2>Runs</h2>\n"
    yield from run_table(runs, strategies=summary.strategies)


def _not_counted(summary: Summary) -> Iterator[str]:
    """Yield what no figure counts: runs that failed, and problems that cannot judge an answer."""
    for name, found in summary.strategies.items():
        if found.failed:
            count = plural(found.failed, "run")
            yield f'<p class="warn">{count} of {text(name)} failed: see results.jsonl.</p>\n'
    if summary.left_out:
        rows = [(text(each.problem_id), text(each.reason)) for each in summary.left_out]
        yield "<h2>Left out</h2>\n<p>The hidden tests of these problems judge nothing.</p>\n"
        yield from table(("problem", "reason"), rows, label="problems left out")


def comparison_parts(summary: Summary) -> Iterator[str]:
    """Yield the tables and pictures that compare strategies."""
    yield accuracy_plot([_point(*each) for each in summary.strategies.items() if each[1].n])
    yield from table(
        ("strategy", "right", "95 % interval", "tokens", "calls", "USD", "seconds", "fooled"),
        (_row(name, found) for name, found in summary.strategies.items()),
        label="strategies",
    )
    yield (
        '<p class="dim">Tokens, calls, USD and seconds a problem. Fooled: of the answers that '
        "visible tests proved, those that the hidden ones refute.</p>\n"
    )
    yield from _differences(summary)
    yield from _equal_cost(summary)
    yield "<h2>What refinement did</h2>\n"
    yield from _transitions(summary)
    yield from _by_round(summary)
    yield "<h2>Why runs ended</h2>\n"
    yield from _stops(summary)
    yield "<h2>What runs took</h2>\n"
    yield from _costs(summary)
    yield from _calibration(summary)


def _point(name: str, found: StrategySummary) -> Point:
    return Point(
        name,
        found.total_tokens / (found.runs or 1),
        found.accuracy or 0.0,
        found.ci_low or 0.0,
        found.ci_high or 0.0,
    )


def _row(name: str, found: StrategySummary) -> tuple[str, ...]:
    runs = found.runs or 1
    interval = (
        f"{found.ci_low:.1%} to {found.ci_high:.1%}"
        if found.ci_low is not None and found.ci_high is not None
        else "–"
    )
    return (
        f"<b>{text(name)}</b>",
        percent(found.accuracy),
        interval,
        f"{found.total_tokens / runs:,.0f}",
        f"{found.llm_calls / runs:.1f}",
        "?" if found.cost_usd is None else f"{found.cost_usd / runs:.2g}",
        f"{found.wall_seconds / runs:.2f}",
        percent(found.fooled),
    )


def _differences(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(each.second)} against {text(each.first)}",
            f"{each.difference:+.1%}",
            f"{each.ci_low or 0:+.1%} to {each.ci_high or 0:+.1%}",
            f"{each.only_second} won, {each.only_first} lost",
            "–" if each.p_value is None else f"{each.p_value:.3g}",
        )
        for each in summary.comparisons
        if each.difference is not None
    ]
    if rows:
        yield "<h2>Problem by problem</h2>\n"
        headings = ("pair", "difference", "95 % bootstrap", "problems", "McNemar's p")
        yield from table(headings, rows, label="paired differences")


def _equal_cost(summary: Summary) -> Iterator[str]:
    rows = [
        (
            f"{text(each.strategy)} against {text(each.baseline)}",
            f"{each.tokens:,.0f}",
            percent(each.accuracy),
            percent(each.baseline_accuracy),
            "–" if each.baseline_tokens is None else f"{each.baseline_tokens:,.0f}",
        )
        for each in summary.equal_cost
    ]
    if not rows:
        return
    yield "<h2>At the same price</h2>\n"
    headings = ("pair", "tokens", "right", "the other, same tokens", "its tokens, as right")
    yield from table(headings, rows, label="equal cost")
    yield (
        '<p class="dim">From fewer samples of the other’s own runs; a dash where they do not '
        "reach. Nothing is extrapolated.</p>\n"
    )


def _by_round(summary: Summary) -> Iterator[str]:
    rows = [
        (
            text(name),
            str(each.round),
            str(each.candidates),
            percent(each.proxy),
            percent(each.gold),
        )
        for name, found in summary.strategies.items()
        for each in found.proxy
        if len(found.proxy) > 1
    ]
    if rows:
        yield "<h3>What stood for being right, and being right, round by round</h3>\n"
        headings = ("strategy", "round", "candidates", "visible tests or score", "right")
        yield from table(headings, rows, label="proxy and gold")


def _costs(summary: Summary) -> Iterator[str]:
    for name, found in summary.strategies.items():
        yield token_histogram(name, found.token_histogram)
    rows = [
        (
            text(name),
            _seconds(found.seconds_median),
            _seconds(found.seconds_95),
            str(found.retries),
            text(", ".join(f"{kind} {count}" for kind, count in found.failures.items()) or "–"),
        )
        for name, found in summary.strategies.items()
    ]
    headings = ("strategy", "median seconds", "95 % within", "retries", "failed branches")
    yield from table(headings, rows, label="time and failures")


def _calibration(summary: Summary) -> Iterator[str]:
    scored = {name: found for name, found in summary.strategies.items() if found.reliability}
    if not scored:
        return
    yield "<h2>How far scores can be trusted</h2>\n"
    for name, found in scored.items():
        yield reliability_plot(name, found.reliability)
    rows = [
        (text(name), f"{found.calibration_error or 0:.3f}", f"{found.brier or 0:.3f}")
        for name, found in scored.items()
    ]
    yield from table(("strategy", "ECE", "Brier"), rows, label="calibration")
    yield (
        '<p class="dim">The score of each answer against how often it was right. ECE: arXiv '
        "1706.04599; Brier 1950.</p>\n"
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _transitions(summary: Summary) -> Iterator[str]:
    rows = [
        (
            text(name),
            str(found.transitions.wrong_right),
            str(found.transitions.right_wrong),
            str(found.transitions.right_right),
            str(found.transitions.wrong_wrong),
            percent(found.confidence_level),
            percent(found.critique_score),
            "–" if found.self_correction is None else f"{found.self_correction:.2f}",
            percent(found.critique_accuracy),
            str(found.rejected),
            percent(found.hard_share),
            percent(found.regret),
            percent(found.stop_regret),
            percent(found.friction),
        )
        for name, found in summary.strategies.items()
    ]
    headings = (
        "strategy",
        "fixed",
        "damaged",
        "stayed right",
        "stayed wrong",
        "CL",
        "CS",
        "RSS",
        "reviews true",
        "rejected",
        "hard",
        "regret",
        "stop regret",
        "friction",
    )
    yield from table(headings, rows, label="transitions")
    yield (
        '<p class="dim">CL: right answers that stay right; CS: wrong ones that become right '
        "(arXiv 2412.19513), RSS: 0.5 where refinement changes nothing. Reverted: refinements that "
        "lost a test. Regret: lost against the best candidate that was made, and against stopping "
        "after the best round. Friction: "
        "refinements still wrong after a failing test was shown.</p>\n"
    )


def _stops(summary: Summary) -> Iterator[str]:
    reasons = sorted({each for found in summary.strategies.values() for each in found.stop_reasons})
    rows = [
        (text(name), *(str(found.stop_reasons.get(each, 0)) for each in reasons))
        for name, found in summary.strategies.items()
    ]
    yield from table(("strategy", *reasons), rows, label="stop reasons")


def percent(share: float | None) -> str:
    """Return a share as it is shown; a dash where it is undefined."""
    return "–" if share is None else f"{share:.1%}"
