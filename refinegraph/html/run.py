"""One run as a page: the answer, the tree of candidates, every candidate, the decisions."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten

from refinegraph.html.candidate import candidate_list, content_block
from refinegraph.html.highlight import plain_block
from refinegraph.html.page import (
    Section,
    asset,
    contents,
    date_words,
    deferred,
    dotted,
    page,
    section,
    table,
    text,
)
from refinegraph.html.replay import decision_words
from refinegraph.html.standing import MARKS, RunIndex, State
from refinegraph.html.timeline import timeline_plot
from refinegraph.html.tree import tree_parts
from refinegraph.schema import Decision, RefinementResult, VisibleTest
from refinegraph.wording import (
    Outcome,
    explained,
    outcome_word,
    outcome_words,
    plural,
)

_STATES: dict[Outcome, State] = {
    "proved": "passed",
    "refuted": "failed",
    "unverified": "unverified",
    "no answer": "failed",
}
_LONGEST_TITLE = 90
"""Characters of a title, about what a browser shows of it."""
_LONGEST_LIST = 60
"""The number of decisions that are listed openly; longer lists are collapsed."""


def run_page(
    result: RefinementResult, *, prompt: str = "", finished: float | None = None
) -> Iterator[str]:
    """Yield the page of a run in pieces.

    Args:
        result: The run.
        prompt: The problem in words, for the title and a section of its own.
        finished: When the run ended, in seconds since 1970, for the title.
    """
    facts = [f"strategy {result.strategy}", *_model_facts(result)]
    if finished is not None:
        facts.append(date_words(finished))
    title = " · ".join([_name(result, prompt), *facts])
    header = (
        f'<p class="eyebrow">Run</p><h1>{text(_name(result, prompt))}</h1>'
        f'<p class="dim">{dotted(facts)}</p>'
    )
    body = contents(_sections(RunIndex.of(result), prompt))
    yield from page(title, body, header=header, script=asset("run.js"))


def run_parts(
    result: RefinementResult,
    *,
    prompt: str = "",
    judged: Mapping[str, bool] | None = None,
    key: str = "",
) -> Iterator[str]:
    """Yield the sections of a run's page, for inclusion in another page.

    Args:
        result: The run.
        prompt: The problem in words.
        judged: Whether the hidden tests accept a candidate, by its id.
        key: Prefix of all ids, if a page contains several runs.
    """
    index = RunIndex.of(result, judged=judged, key=key)
    for part in _sections(index, prompt):
        yield from section(part, key=key)


def run_fragment(result: RefinementResult) -> Iterator[str]:
    """Yield a run with its styles and without scripts, for a cell of a notebook."""
    yield f'<div class="rg" style="padding:1rem"><style>{asset("page.css")}</style>\n'
    for part in _sections(RunIndex.of(result, has_script=False), ""):
        yield from section(part)
    yield "</div>\n"


def _name(result: RefinementResult, prompt: str) -> str:
    """Return the first line of the problem, or its id if it has its own."""
    line = next((line.strip() for line in prompt.splitlines() if line.strip()), "")
    if result.problem_id != "problem" or not line:
        return result.problem_id
    return shorten(line, _LONGEST_TITLE, placeholder=" …")


def _model_facts(result: RefinementResult) -> list[str]:
    names = result.models
    roles = [names.solver, names.reviewer, names.refiner, names.tester]
    models = list(dict.fromkeys(name for name in roles if name))
    return [f"{'model' if len(models) == 1 else 'models'} {', '.join(models)}"] if models else []


def _sections(index: RunIndex, prompt: str) -> list[Section]:
    result = index.result
    parts = [
        Section("answer", "Answer", _answer(index)),
        Section("tree", "How the run got there", tree_parts(index)),
        Section("candidates", "All candidates", candidate_list(index)),
    ]
    if prompt or result.tests:
        parts.append(Section("problem", "Problem", _problem(prompt, result.tests)))
    parts.append(Section("decisions", "Decisions", _decisions(index)))
    if result.failures:
        parts.append(Section("failures", "Moves that failed", _failures(result)))
    if result.notes:
        parts.append(Section("notes", "Notes", _notes(result)))
    if result.timeline:
        parts.append(Section("timeline", "Timeline", [timeline_plot(result.timeline)]))
    return parts


def _answer(index: RunIndex) -> Iterator[str]:
    result = index.result
    state = _STATES[outcome_word(result)]
    yield (
        f'<div class="outcome"><div class="verdict {state}"><strong>{MARKS[state]} '
        f"{text(_capital(outcome_words(result)))}</strong>\n"
        f"<p>{text(_selection_words(result))}</p>"
        f'{_hidden_words(index)}<p class="dim">{text(_stop_words(result))}</p></div>\n'
        f"{_tiles(result)}</div>\n"
    )
    if result.chosen and result.chosen.content is not None:
        yield _scrolled(content_block(result.chosen))
    elif result.answer is not None:
        yield _scrolled(plain_block(result.answer))


def _hidden_words(index: RunIndex) -> str:
    """Describe the result of the hidden tests or the comparison with the reference answer."""
    chosen = index.result.chosen
    right = index.judged.get(chosen.id) if chosen else None
    if right is None:
        return ""
    style, words = ("good", "right") if right else ("bad", "wrong")
    return f'<p class="{style}">By what was hidden from the agents, the answer is {words}.</p>'


def _scrolled(block: str) -> str:
    return (
        '<div class="copied"><div class="scrolled" tabindex="0" role="region" '
        f'aria-label="Text of the answer">{block}</div></div>\n'
    )


def _selection_words(result: RefinementResult) -> str:
    selection = result.selection
    if selection.candidate_id is None:
        return _sentence(f"no candidate was chosen: {selection.reason}")
    count = len(result.candidates)
    if count == 1:
        return "It is the only candidate."
    reason = f": {selection.reason}" if selection.reason else ""
    return _sentence(f"candidate {selection.candidate_id} of {count:,} was chosen{reason}")


def _stop_words(result: RefinementResult) -> str:
    reason = result.stop_reason
    return _sentence(
        f"The run stopped by the rule “{reason.rule}”: {reason.detail}"
        if reason.detail
        else f"The run stopped by the rule “{reason.rule}”"
    )


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{_capital(words)}."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _tiles(result: RefinementResult) -> str:
    usage = result.usage
    tiles = {
        "Candidates": f"{len(result.candidates):,}",
        "Rounds": f"{result.rounds:,}",
        "Model calls": f"{usage.llm_calls:,}",
        "Tokens": f"{usage.total_tokens:,}",
        "Time": seconds_words(usage.wall_seconds),
        "Cost": "unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4g} USD",
    }
    listed = "".join(
        f"<div><dt>{name}</dt><dd>{text(value)}</dd></div>" for name, value in tiles.items()
    )
    return f'<dl class="tiles">{listed}</dl>\n'


def seconds_words(seconds: float) -> str:
    """Return a duration as readable text.

    >>> seconds_words(0.25), seconds_words(75)
    ('0.25 s', '1 min 15 s')
    """
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    return f"{int(seconds // 60):,} min {int(seconds % 60)} s"


def _problem(prompt: str, tests: Sequence[VisibleTest]) -> Iterator[str]:
    if prompt:
        yield plain_block(prompt)
    if not tests:
        return
    origins = {"given": "given with the problem", "statement": "from its statement"}
    rows = [
        (
            f"<code>{text(_test_words(test))}</code>",
            text(origins.get(test.origin, "written by a model")),
        )
        for test in tests
    ]
    yield f"<h3>{plural(len(rows), 'visible test')}</h3>\n"
    yield from table(("Test", "Origin"), rows, label="visible tests")


def _test_words(test: VisibleTest) -> str:
    match test.form:
        case "assert":
            return test.source
        case "call":
            return f"{test.entry_point}{test.arguments.replace(',)', ')')} == {test.expected}"
        case "stdio":
            return f"{test.stdin} → {test.stdout}"
        case "command":
            return test.id


def _decisions(index: RunIndex) -> Iterator[str]:
    decisions = index.result.decisions
    if not decisions:
        yield '<p class="dim">None were recorded.</p>\n'
        return
    items = "".join(
        f"<li>{text(_capital(decision_words(decision)))}{grounds}</li>\n"
        for decision, reasons in explained(decisions)
        for grounds in ["".join(_grounds(decision, reasons))]
    )
    listed = f'<ol class="steps">\n{items}</ol>\n'
    if len(decisions) <= _LONGEST_LIST:
        yield listed
        return
    body = deferred(listed) if index.has_script else listed
    yield f"<details><summary>{plural(len(decisions), 'decision')}</summary>{body}</details>\n"


def _grounds(decision: Decision, reasons: Sequence[str]) -> Iterator[str]:
    """Yield the reasons of a decision, and the numbers on which it is based."""
    if reasons and not decision.stop_reason:
        yield f'<br><span class="dim">{text(" ".join(reasons))}</span>'
    routed = decision.difficulty.features if decision.difficulty else ()
    numbers = [
        (text(feature.name.replace("_", " ")), f"{feature.value:.4g}")
        for feature in (*routed, *decision.features)
    ]
    if numbers:
        yield "<details><summary>Numbers</summary>\n"
        label = f"numbers of decision {decision.number + 1}"
        yield from table(("Number", "Value"), numbers, label=label)
        yield "</details>\n"


def _failures(result: RefinementResult) -> Iterator[str]:
    rows = [
        (text(failure.node), text(failure.candidate_id or "–"), text(failure.detail))
        for failure in result.failures
    ]
    yield from table(("Node", "Candidate", "What happened"), rows, label="moves that failed")


def _notes(result: RefinementResult) -> Iterator[str]:
    for note in result.notes:
        about = f" on {note.about}" if note.about else ""
        yield f"<h3>{text(_capital(note.kind))}{text(about)}</h3>\n{plain_block(note.text)}"
