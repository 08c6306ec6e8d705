"""The answer and the summary of a finished run."""

from rich.syntax import Syntax
from rich.text import Text

from refinegraph.schema import Candidate, RefinementResult
from refinegraph.terminal.text import cut, printable, usage_words
from refinegraph.wording import Outcome, outcome_word, outcome_words, plural, stop_words

_SCREEN_WIDTH, _MOST_ANSWER_LINES = 80, 14
"""Of `str(result)`: with nine lines of summary it fits the smallest usual terminal."""
_LONGEST_HIGHLIGHTED = 60_000
_LONGEST_VALUE = 2_000
_NAME_WIDTH = 10
_TONES: dict[Outcome, str] = {
    "proved": "bold green",
    "refuted": "bold red",
    "unverified": "bold yellow",
    "no answer": "bold red",
}


def answer_view(result: RefinementResult) -> Text:
    """Return the answer for a terminal, highlighted if it is a program."""
    chosen = result.chosen
    return content_view(chosen) if chosen else Text("no answer", style="dim")


def content_view(candidate: Candidate) -> Text:
    """Return a candidate's program or answer, highlighted if it is a program."""
    shown = printable(candidate.content or "", lines=True).rstrip("\n")
    if candidate.program is None or len(shown) > _LONGEST_HIGHLIGHTED:
        return Text(shown)
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    highlighted = syntax.highlight(shown)
    highlighted.rstrip()
    highlighted.no_wrap = None
    return highlighted


def summary_view(result: RefinementResult, *, width: int | None = None) -> Text:
    """Return verdict, choice, reason to stop, cost and models of a run, one per line."""
    room = _LONGEST_VALUE if width is None else max(10, width - _NAME_WIDTH - 4)
    lines = [
        Text(f"  {name:<{_NAME_WIDTH}} ", style="dim") + Text(cut(value, room), style=style)
        for name, value, style in _rows(result)
    ]
    return Text("\n").join(lines)


def result_text(result: RefinementResult) -> str:
    """Return the answer and the summary as plain text that fits a screen of 80 by 24."""
    answer = printable(result.answer or "no usable answer", lines=True).rstrip("\n").splitlines()
    hidden = len(answer) - _MOST_ANSWER_LINES
    if hidden > 0:
        more = plural(hidden + 1, "more line")
        answer = [*answer[: _MOST_ANSWER_LINES - 1], f"... {more}; result.answer has them all"]
    summary = summary_view(result, width=_SCREEN_WIDTH).plain
    return "\n".join([*(_cut_line(line) for line in answer), "", summary])


def _cut_line(line: str) -> str:
    return line if len(line) <= _SCREEN_WIDTH else f"{line[: _SCREEN_WIDTH - 3]}..."


def _rows(result: RefinementResult) -> list[tuple[str, str, str]]:
    tone = _TONES[outcome_word(result)]
    rows = [("result", outcome_words(result), tone)]
    if result.selection.candidate_id:
        chosen = f"candidate {result.selection.candidate_id}: {result.selection.reason}"
        rows.append(("chosen", chosen, "none"))
    rows += [
        ("stopped", stop_words(result.stop_reason), "none"),
        ("made", _counts(result), "none"),
        ("spent", _spent(result), "none"),
        ("model", _models(result), "none"),
    ]
    if result.isolation:
        runs = plural(result.usage.sandbox_runs, "run")
        layers = plural(len(result.isolation.layers), "layer")
        sandbox = f"{runs}, {result.isolation.tier} isolation by {layers}"
        rows.append(("sandbox", sandbox, "none"))
        verdict = result.chosen.verdict if result.chosen else None
        if verdict and verdict.is_forgeable:
            rows.append(("verdict", verdict.strength, "none"))
    return rows


def _counts(result: RefinementResult) -> str:
    counts = plural(len(result.candidates), "candidate")
    if result.rounds:
        counts += f", {plural(result.rounds, 'round')} of refinement"
    return f"{counts}, {len(result.rejected)} rejected" if result.rejected else counts


def _spent(result: RefinementResult) -> str:
    return f"{usage_words(result.usage)}, {result.usage.wall_seconds:.1f} s"


def _models(result: RefinementResult) -> str:
    names = result.models.model_dump(exclude_none=True)
    solver = names.pop("solver", "unknown")
    others = [f"{role} {name}" for role, name in names.items() if name != solver]
    return "; ".join([solver, *others])
