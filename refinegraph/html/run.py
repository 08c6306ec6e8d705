"""One run as a page: the way through the graph, the tree of candidates, the decisions."""

import difflib
from collections.abc import Iterator, Mapping

from refinegraph.html.page import page, table, text
from refinegraph.html.timeline import timeline_plot
from refinegraph.schema import (
    Candidate,
    CaseStatus,
    Decision,
    RefinementResult,
    Review,
    Verdict,
)
from refinegraph.tools.step_scores import THRESHOLD
from refinegraph.wording import (
    Outcome,
    outcome_word,
    outcome_words,
    stop_words,
    was_executed,
)

# Characters of a prompt, an answer or a difference: more would make pages that do not open.
_LONGEST = 20_000
OUTCOME_STYLES: dict[Outcome, str] = {
    "proved": "good",
    "refuted": "bad",
    "unverified": "warn",
    "no answer": "bad",
}
"""The style of each outcome in a page."""


def run_page(result: RefinementResult, *, prompt: str = "") -> Iterator[str]:
    """Yield the page of a run."""
    yield from page(f"Run of {result.problem_id}", run_parts(result, prompt=prompt))


def run_parts(
    result: RefinementResult, *, prompt: str = "", judged: Mapping[str, bool] | None = None
) -> Iterator[str]:
    """Yield the parts of a page that show a run; `judged` says which candidates are right."""
    if prompt:
        yield f"<h2>Problem</h2><pre>{_cut(prompt)}</pre>\n"
    yield from _outcome(result)
    yield "<h2>Way</h2>\n"
    yield from _decisions(result.decisions)
    yield "<h2>Candidates</h2>\n"
    reviews = {each.candidate_id: each for each in result.reviews}
    by_id = {each.id: each for each in result.candidates}
    for candidate, depth in _tree(result):
        parent = by_id.get(candidate.parent_id or "")
        right = (judged or {}).get(candidate.id)
        yield from _candidate(candidate, parent, reviews.get(candidate.id), depth, right, result)
    if result.timeline:
        yield "<h2>Timeline</h2>\n"
        yield timeline_plot(result.timeline)


def _outcome(result: RefinementResult) -> Iterator[str]:
    style = OUTCOME_STYLES[outcome_word(result)]
    usage = result.usage
    cost = "price unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4g} USD"
    tiles = {
        "result": f'<span class="{style}">{text(outcome_words(result))}</span>',
        "stopped by": text(result.stop_reason.rule),
        "candidates": str(len(result.candidates)),
        "rounds": str(result.rounds),
        "tokens": f"{usage.total_tokens:,}",
        "calls": str(usage.llm_calls),
        "cost": cost,
        "seconds": f"{usage.wall_seconds:.1f}",
    }
    yield "".join(
        f'<span class="tile"><span class="dim">{name}</span><b>{value}</b></span>'
        for name, value in tiles.items()
    )
    yield f'\n<p class="dim">{text(result.stop_reason.detail)}</p>\n'


def _decisions(decisions: tuple[Decision, ...]) -> Iterator[str]:
    for decision in decisions:
        reasons = decision.difficulty.reasons if decision.difficulty else ()
        yield (
            f"<details><summary>{decision.number + 1}. {text(_action(decision))}"
            f'<span class="dim"> {text("; ".join(reasons))}</span></summary>\n'
        )
        routed = decision.difficulty.features if decision.difficulty else ()
        numbers = [(text(each.name), f"{each.value:.4g}") for each in (*routed, *decision.features)]
        if numbers:
            yield from table(("number", "value"), numbers, label="numbers of the decision")
        yield "</details>\n"


def _action(decision: Decision) -> str:
    if decision.stop_reason:
        return f"stop: {stop_words(decision.stop_reason)}"
    if decision.action == "refine":
        return f"round {decision.round}: refine {', '.join(decision.targets)}"
    return f"sample {decision.samples} more"


def _tree(result: RefinementResult) -> Iterator[tuple[Candidate, int]]:
    known = {each.id for each in result.candidates}

    def below(parent: str | None, depth: int) -> Iterator[tuple[Candidate, int]]:
        for each in result.candidates:
            above = each.parent_id if each.parent_id in known else None
            if above == parent:
                yield each, depth
                yield from below(each.id, depth + 1)

    yield from below(None, 0)


def _candidate(
    candidate: Candidate,
    parent: Candidate | None,
    review: Review | None,
    depth: int,
    right: bool | None,
    result: RefinementResult,
) -> Iterator[str]:
    chosen = " · chosen" if result.selection.candidate_id == candidate.id else ""
    rejected = (
        " · rejected" if any(candidate.id == each.candidate_id for each in result.rejected) else ""
    )
    origin = f" from {text(parent.id)}" if parent else ""
    marks = f"{chosen}{rejected}{_right(candidate, right)}"
    kind = ' class="child"' if depth else ""
    yield f"<article{kind}><h3>{text(candidate.id)} by the {candidate.role}{origin}{marks}</h3>\n"
    yield from _scores(candidate)
    if parent and (parent.content or candidate.content):
        yield f'<pre aria-label="changes">{_diff(parent, candidate)}</pre>\n'
        yield f"<details><summary>whole</summary>{_content(candidate)}</details>\n"
    else:
        yield _content(candidate)
    yield from _verdict(candidate)
    if review:
        yield f'<p class="dim">the Reviewer of {text(candidate.id)}:</p>\n'
        yield f"<pre>{_cut(review.text)}</pre>\n"
    yield "</article>\n"


def _right(candidate: Candidate, right: bool | None) -> str:
    if right is None:
        return ""
    if not candidate.content:
        return " · no answer"
    style, word = ("good", "right") if right else ("bad", "wrong")
    return f' · <span class="{style}">{word} by what was hidden</span>'


def _scores(candidate: Candidate) -> Iterator[str]:
    told = [
        f"{text(each.scorer)} {each.value:.3f}"
        for each in candidate.scores
        if each.value is not None
    ]
    if told:
        yield f'<p class="dim">{" · ".join(told)}</p>\n'


def _content(candidate: Candidate) -> str:
    scored = next((each for each in candidate.scores if each.steps), None)
    if scored and len(scored.steps) == len(candidate.steps):
        lines = [
            f'<span class="{"warn" if value < THRESHOLD else "good"}">'
            f"{text(candidate.text[step.start : step.end])} ({value:.2f})</span>"
            for step, value in zip(candidate.steps, scored.steps, strict=True)
        ]
        return f"<pre>{chr(10).join(lines)}</pre>\n"
    return f"<pre>{_cut(candidate.content or candidate.text or candidate.unusable or '')}</pre>\n"


def _diff(parent: Candidate, child: Candidate) -> str:
    before, after = parent.content or parent.text, child.content or child.text
    if before == after:
        return "nothing was changed"
    shown: list[str] = []
    room = _LONGEST
    for line in _changes(before, after):
        if room < len(line):
            return "".join([*shown, "… cut\n"])
        room -= len(line)
        shown.append(_changed_line(line))
    return "".join(shown)


def _changes(before: str, after: str) -> Iterator[str]:
    """Return the lines of two texts, each with a sign: removed, added or the same.

    Matching takes quadratic time or worse, so long texts are cut before.
    """
    old, new = before[:_LONGEST].splitlines(), after[:_LONGEST].splitlines()
    return (line for line in difflib.ndiff(old, new) if line[:1] != "?")


def _changed_line(line: str) -> str:
    style = {"-": "gone", "+": "come"}.get(line[:1])
    return f'<span class="{style}">{text(line)}</span>' if style else f"{text(line)}\n"


def _verdict(candidate: Candidate) -> Iterator[str]:
    verdict = candidate.verdict
    if verdict is None:
        return
    yield f"<details><summary>{_verdict_words(candidate, verdict)}</summary>\n"
    rows = [
        (
            text(each.call or each.id),
            f'<span class="{_case_style(each.status)}">{text(each.status)}</span>',
            text(each.expected or ""),
            text(each.got or each.error or ""),
        )
        for each in verdict.tests
    ]
    label = f"tests of candidate {candidate.id}"
    yield from table(("test", "outcome", "expected", "got"), rows, label=label)
    yield "</details>\n"


def _verdict_words(candidate: Candidate, verdict: Verdict) -> str:
    if not was_executed(candidate):
        return f'<span class="warn">not run: {text(verdict.detail)}</span>'
    style = "good" if verdict.passed else "bad"
    passed = f"{len(verdict.passed_ids)} of {len(verdict.tests)} visible tests"
    return f'<span class="{style}">{passed}</span>'


def _case_style(status: CaseStatus) -> str:
    return {"passed": "good", "not_run": "warn"}.get(status, "bad")


def _cut(shown: str) -> str:
    return text(shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}\n… cut")
