"""What a reader of the gallery's table should know about a result."""

from gallery_rows import Summary

ABOUT = (
    "A note such as \u201cwords 30%\u201d states how much of what a system asks for is a plan, a "
    "reflection or a principle, which a simulated model answers with a remark that says nothing."
)
# A share from which on a note is worth a line.
_LEAST = 0.1
_STEPLESS = "finished programs have no steps for it to work on"
_TOO_LONG = "its budget of steps ends before a program of ten lines does"
_IN_CODE = {
    "mcts-dpo": _TOO_LONG,
    "rain-rewind": _TOO_LONG,
    "tree-plv": _TOO_LONG,
    "leco": _STEPLESS,
    "mistake-backtrack": _STEPLESS,
    "supercorrect": _STEPLESS,
    "fast-mcts": "samples anew, because finished programs have no steps",
}
"""Explanations for problems that are programs."""
_KNOWN = {
    "feasibility-gate": "answers only where most samples agree",
    "kcts": "its budget, 64 times eight tokens, ends within the first words of a solution",
    "naturalprover": "ranks steps by the references in its memory, which is empty here",
}
"""Explanations that no count shows."""


def note_on(row: Summary, setting: str) -> str:
    """Return the notes on a system in one setting; empty if there are none."""
    notes: list[str] = []
    if row.unanswered >= _LEAST:
        notes.append(f"no answer {row.unanswered:.0%}")
    if row.remarks >= _LEAST:
        notes.append(f"words {row.remarks:.0%}")
    if row.failed:
        notes.append(f"{row.failed} of {row.problems} failed: {row.reason}")
    known = {**_KNOWN, **(_IN_CODE if "code" in setting else {})}
    if row.strategy in known:
        notes.append(known[row.strategy])
    return "; ".join(notes)
