"""Combine executed lines, tracebacks and mentioned names into one ranking."""

from collections.abc import Mapping, Sequence

from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation.frames import frame_scores
from refinegraph.tools.localisation.mentions import mentioned_lines
from refinegraph.tools.localisation.spectrum import Line, Spectrum

_WEIGHTS = {"tests": 0.8, "traceback": 0.5, "text": 0.3}
"""How much a source of evidence counts, from 0 to 1: a choice of order rather than a measurement.
Executed lines outrank a traceback, which often ends in the victim of a fault; a name in a text
often belongs to the place where the fault shows rather than to its cause."""


_NO_COMPUTATION = ("def ", "async def ", "class ", "import ", "from ", "@", '"', "'")
"""Prefixes of Python lines that compute nothing, although every import executes them."""


def rank_suspects(
    sources: Mapping[str, str],
    *,
    spectrum: Spectrum | None = None,
    outputs: Sequence[str] = (),
    text: str = "",
    formula: str = "ochiai",
    limit: int | None = None,
) -> tuple[SuspectLine, ...]:
    """Return suspicious lines of the sources, the most suspicious first.

    Scores are combined as independent evidence: 1 minus the product of the doubts. Lines without
    code (blank lines, comments) are left out. Costs no model call.

    Args:
        sources: Texts by path of the files that may be changed, without tests.
        spectrum: The lines that failing and passing tests executed.
        outputs: The outputs of failing tests, with tracebacks or locations in any language.
        text: A description of the fault.
        formula: A name in `FORMULAS`.
        limit: The number of lines to return; None for all.

    >>> suspects = rank_suspects({"a.py": "x = 1\\n"}, outputs=["a.py:1: in f"])
    >>> [suspect.line for suspect in suspects]
    [1]
    """
    evidence = {
        "tests": spectrum.scores(formula) if spectrum else {},
        "traceback": frame_scores(outputs, sources),
        "text": mentioned_lines(text, sources) if text else {},
    }
    source_lines = {path: source.splitlines() for path, source in sources.items()}
    lines = {line for scores in evidence.values() for line in scores}
    ranked = [
        _suspect(line, evidence, source_lines[line.path], spectrum)
        for line in lines
        if line.path in source_lines and _is_code(line, source_lines[line.path])
    ]
    ranked.sort(key=lambda suspect: (-suspect.score, suspect.path, suspect.line))
    return tuple(ranked[:limit])


def _suspect(
    line: Line,
    evidence: Mapping[str, Mapping[Line, float]],
    source_lines: Sequence[str],
    spectrum: Spectrum | None,
) -> SuspectLine:
    doubt = 1.0
    for source, scores in evidence.items():
        doubt *= 1 - _WEIGHTS[source] * scores.get(line, 0.0)
    return SuspectLine(
        path=line.path,
        line=line.number,
        score=round(1 - doubt, 6),
        source=source_lines[line.number - 1].strip(),
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


def _is_code(line: Line, source_lines: Sequence[str]) -> bool:
    if not 0 < line.number <= len(source_lines):
        return False
    text = source_lines[line.number - 1].strip()
    if line.path.endswith(".py") and text.startswith(_NO_COMPUTATION):
        return False
    return bool(text) and not text.startswith("#")
