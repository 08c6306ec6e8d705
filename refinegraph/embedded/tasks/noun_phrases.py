"""Noun phrases that describe the result of every operation.

The file `noun_phrases.txt` contains the phrases, one operation per line. `~` is replaced by the
operand and `@` by the constant. Words in angle brackets and braces are replaced as described in
`refinegraph.embedded.tasks.synonyms`.
"""

from importlib.resources import files


def _read() -> dict[str, tuple[str, ...]]:
    table = files("refinegraph.embedded.tasks").joinpath("noun_phrases.txt").read_text("utf-8")
    entries = (line.split(": ", 1) for line in table.splitlines())
    return {name: tuple(phrases.split(" | ")) for name, phrases in entries}


NOUN_PHRASES: dict[str, tuple[str, ...]] = _read()
"""The noun phrases of every operation, by its name."""
