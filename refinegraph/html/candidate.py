"""One candidate: its code, its changes, its reviews and its tests."""

from collections.abc import Iterator

from refinegraph.html.changes import changes_block
from refinegraph.html.highlight import code_block, language_of, plain_block
from refinegraph.html.page import deferred, table, text
from refinegraph.html.standing import MARKS, RunIndex
from refinegraph.schema import Candidate, CaseOutcome, CaseStatus, Review
from refinegraph.tools.step_scores import THRESHOLD
from refinegraph.wording import plural, was_executed

_LONGEST_LIST = 40
"""The number of candidates that are listed openly and in full. Longer lists are collapsed, and
their candidates are parsed only when opened."""


def candidate_list(index: RunIndex) -> Iterator[str]:
    """Yield every candidate as a collapsible element that needs no script."""
    candidates = sorted(index.result.candidates, key=lambda candidate: candidate.sort_key)
    is_long = len(candidates) > _LONGEST_LIST
    if is_long:
        yield f"<details><summary>{plural(len(candidates), 'candidate')}</summary>\n"
    for candidate in candidates:
        yield _candidate(index, candidate, is_deferred=is_long and index.has_script)
    if is_long:
        yield "</details>\n"


def _candidate(index: RunIndex, candidate: Candidate, *, is_deferred: bool) -> str:
    state = index.state(candidate)
    body = "".join(_parts(index, candidate))
    return (
        f'<details class="candidate" id="{text(index.anchor(candidate.id))}">'
        f'<summary><span class="badge {state}">{MARKS[state]} {text(candidate.id)}</span> '
        f"{text(index.words(candidate))}</summary><div>\n"
        f"{deferred(body) if is_deferred else body}</div></details>\n"
    )


def _parts(index: RunIndex, candidate: Candidate) -> Iterator[str]:
    yield _part("code", _content_title(candidate), _content(candidate))
    parent = index.parent(candidate)
    if parent:
        yield _part("changes", "Changes", _changes(index, parent, candidate))
    reviews = index.reviews.get(candidate.id, ())
    if reviews:
        yield _part("review", "Review", "".join(map(_review, reviews)))
    if candidate.verdict:
        yield _part("tests", _tests_title(candidate), "".join(_tests(candidate)))
    yield _part("details", "Details", "".join(_details(index, candidate)))


def _part(name: str, title: str, body: str) -> str:
    """Return a part of a candidate, which the page's script turns into a tab."""
    return f'<section data-tab="{name}"><h3>{text(title)}</h3>\n{body}</section>\n'


def _content_title(candidate: Candidate) -> str:
    if candidate.program is not None:
        return "Code"
    return "Answer" if candidate.answer is not None else "Text"


def content_block(candidate: Candidate) -> str:
    """Return the program or answer of a candidate, or else the model's text."""
    content = candidate.content
    if content is None:
        return plain_block(candidate.text)
    language = language_of(content, is_program=candidate.program is not None)
    return code_block(content, language)


def _content(candidate: Candidate) -> str:
    steps = _scored_steps(candidate)
    if steps:
        return steps
    shown = content_block(candidate)
    if candidate.unusable:
        return f'<p class="warn">{text(candidate.unusable)}</p>\n{shown}'
    if candidate.answer is not None and candidate.text.strip() not in ("", candidate.answer):
        return f"{shown}<h4>Written</h4>\n{plain_block(candidate.text)}"
    return shown


def _scored_steps(candidate: Candidate) -> str:
    """Return the steps of a solution with their scores, if a scorer judged each step."""
    scored = next((score for score in candidate.scores if score.steps), None)
    if scored is None or len(scored.steps) != len(candidate.steps):
        return ""
    lines = [
        f'<span class="{"unsure" if value < THRESHOLD else "sure"}">'
        f"{text(candidate.text[step.start : step.end])}</span> "
        f'<span class="dim">{value:.2f}</span>'
        for step, value in zip(candidate.steps, scored.steps, strict=True)
    ]
    return f'<pre class="words">{chr(10).join(lines)}</pre>\n'


def _changes(index: RunIndex, parent: Candidate, candidate: Candidate) -> str:
    before, after = parent.content or parent.text, candidate.content or candidate.text
    language = language_of(after, is_program=candidate.program is not None)
    link = f'<a href="#{text(index.anchor(parent.id))}">{text(parent.id)}</a>'
    shown = f'<p class="dim">Compared with {link}.</p>\n{changes_block(before, after, language)}'
    if candidate.id in index.rejections:
        reason = text(index.rejections[candidate.id] or "it lost something that its parent had")
        shown = f'<p class="bad">Rejected: {reason}</p>\n{shown}'
    asked = [review.change for review in index.reviews.get(parent.id, ()) if review.change]
    if asked:
        shown += f"<h4>Asked for by the review of {text(parent.id)}</h4>\n{plain_block(asked[-1])}"
    return shown


def _review(review: Review) -> str:
    opinion = "found nothing wrong" if review.approves else "found a fault"
    rows = [
        (name, value)
        for name, value in (
            ("Wrong step", review.wrong_step),
            ("Evidence", review.evidence),
            ("Change", review.change),
        )
        if value
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{text(value)}</dd>" for name, value in rows)
    edited = ", changed by a person" if review.edited else ""
    whole = plain_block(review.text)
    if listed:
        whole = (
            f"<dl>{listed}</dl>\n<details><summary>As the model wrote it</summary>{whole}</details>"
        )
    return f"<p>The reviewer {opinion}{edited}.</p>\n{whole}\n"


def _tests_title(candidate: Candidate) -> str:
    verdict = candidate.verdict
    if verdict is None or not verdict.tests:
        return "Tests"
    return f"Tests ({len(verdict.passed_ids)}/{len(verdict.tests)})"


def _tests(candidate: Candidate) -> Iterator[str]:
    verdict = candidate.verdict
    if verdict is None:
        return
    if not was_executed(candidate):
        yield f'<p class="warn">The tests did not run: {text(verdict.detail)}</p>\n'
    elif verdict.detail:
        yield f"<p>{text(verdict.detail)}</p>\n"
    if verdict.tests:
        rows = [_test_row(outcome) for outcome in verdict.tests]
        label = f"tests of candidate {candidate.id}"
        yield from table(("Test", "Outcome", "Expected", "Got"), rows, label=label)
    for name, output in (("Standard output", verdict.stdout), ("Standard error", verdict.stderr)):
        if output.strip():
            yield f"<details><summary>{name}</summary>{plain_block(output)}</details>\n"


def _test_row(outcome: CaseOutcome) -> tuple[str, ...]:
    style = _case_style(outcome.status)
    trace = ""
    if outcome.traceback:
        trace = f"<details><summary>Traceback</summary>{plain_block(outcome.traceback)}</details>"
    return (
        f"<code>{text(outcome.call or outcome.id)}</code>",
        f'<span class="{style} nowrap">{text(outcome.status.replace("_", " "))}</span>',
        f"<code>{text(outcome.expected or '')}</code>",
        f"<code>{text(outcome.got or outcome.error or '')}</code>{trace}",
    )


def _case_style(status: CaseStatus) -> str:
    return {"passed": "good", "not_run": "warn"}.get(status, "bad")


def _details(index: RunIndex, candidate: Candidate) -> Iterator[str]:
    rows = {
        "Operator": candidate.operator,
        "Made from": ", ".join(candidate.parents) or "nothing: a fresh candidate",
        "Round": str(candidate.round),
        "Decision": str(candidate.turn + 1),
        "Tokens written": f"{candidate.tokens:,}",
        "Temperature": _number(candidate.temperature),
        "Certainty": _number(candidate.self_certainty, " nats"),
        "Mean log-probability": _number(candidate.mean_logprob),
        "Generated tests passed": _generated(candidate),
        "Hidden tests": index.hidden(candidate),
    }
    rows.update(
        (f"Score by {score.scorer}", f"{score.value:.3f} {score.evidence}".strip())
        for score in candidate.scores
        if score.value is not None
    )
    listed = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows.items() if value
    )
    yield f"<dl>{listed}</dl>\n"
    if candidate.reasoning:
        yield f"<details><summary>Thinking</summary>{plain_block(candidate.reasoning)}</details>\n"


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.3g}{unit}"


def _generated(candidate: Candidate) -> str:
    passed = candidate.generated_passed
    return "" if passed is None else str(len(passed))
