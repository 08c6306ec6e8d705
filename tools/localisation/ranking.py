"""Put executed lines, tracebacks and names together into one ranking."""

from collections.abc import Mapping, Sequence

from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation.frames import frame_scores
from refinegraph.tools.localisation.mentions import mentioned_lines
from refinegraph.tools.localisation.spectrum import Line, Spectrum

_WEIGHTS = {"tests": 0.8, "traceback": 0.5, "text": 0.3}
"""How far each source is believed. Executed lines outrank a traceback, which often ends in the
victim of a fault; a name in a text often belongs to where the fault shows, not to where it is."""


_NO_COMPUTATION = ("def ", "async def ", "class ", "import ", "from ", "@", '"', "'")
"""How lines of Python begin that compute nothing, though every import executes them."""


def rank_suspects(
    sources: Mapping[str, str],
    *,
    spectrum: Spectrum | None = None,
    outputs: Sequence[str] = (),
    text: str = "",
    formula: str = "ochiai",
    most: int | None = None,
) -> tuple[SuspectLine, ...]:
    """Return suspicious lines of the sources, the most suspicious first.

    Scores are combined as independent evidence: 1 minus the product of the doubts. Lines without
    code (blank ones, comments) are left out. No model call.

    Args:
        sources: Files that may be changed, path to text; tests are not among them.
        spectrum: The lines that failing and passing tests executed.
        outputs: What failing tests printed, with tracebacks or places of any language.
        text: A description of the fault in words.
        formula: A name in `FORMULAS`.
        most: How many lines are returned; all of them if None.

    >>> spectrum = Spectrum([])
    >>> [each.line for each in rank_suspects({"a.py": "x = 1\\n"}, outputs=["a.py:1: in f"])]
    [1]
    """
    evidence = {
        "tests": spectrum.scores(formula) if spectrum else {},
        "traceback": frame_scores(outputs, sources),
        "text": mentioned_lines(text, sources) if text else {},
    }
    written = {path: source.splitlines() for path, source in sources.items()}
    lines = {line for scores in evidence.values() for line in scores}
    ranked = [
        _suspect(line, evidence, written[line.path], spectrum)
        for line in lines
        if line.path in written and _is_code(line, written[line.path])
    ]
    ranked.sort(key=lambda suspect: (-suspect.score, suspect.path, suspect.line))
    return tuple(ranked[:most])


def _suspect(
    line: Line,
    evidence: Mapping[str, Mapping[Line, float]],
    written: Sequence[str],
    spectrum: Spectrum | None,
) -> SuspectLine:
    doubt = 1.0
    for source, scores in evidence.items():
        doubt *= 1 - _WEIGHTS[source] * scores.get(line, 0.0)
    return SuspectLine(
        path=line.path,
        line=line.number,
        score=round(1 - doubt, 6),
        source=written[line.number - 1].strip(),
        reasons=tuple(_reasons(line, evidence, spectrum)),
    )


def _reasons(
    line: Line, evidence: Mapping[str, Mapping[Line, float]], spectrum: Spectrum | None
) -> list[str]:
    reasons: list[str] = []
    if spectrum and evidence["tests"].get(line):
        counts = spectrum.counts(line)
        reasons.append(
            f"executed by {counts.failed_on} of {counts.failed} failing and "
            f"{counts.passed_on} of {counts.passed} passing tests"
        )
    if evidence["traceback"].get(line):
        reasons.append("named by a failing test's output")
    if evidence["text"].get(line):
        reasons.append("in a definition that the description names")
    return reasons


def _is_code(line: Line, written: Sequence[str]) -> bool:
    if not 0 < line.number <= len(written):
        return False
    text = written[line.number - 1].strip()
    if line.path.endswith(".py") and text.startswith(_NO_COMPUTATION):
        return False
    return bool(text) and not text.startswith("#")
