"""What each operation yields, as a noun phrase around what it is applied to.

The phrases stand in `noun_phrases.txt`, one operation a line. `~` stands for what the operation is
applied to and `@` for its constant. Words in angle brackets and in braces are replaced as
`refinegraph.embedded.tasks.synonyms` says.
"""

from importlib.resources import files


def _read() -> dict[str, tuple[str, ...]]:
    table = files("refinegraph.embedded.tasks").joinpath("noun_phrases.txt").read_text("utf-8")
    entries = (line.split(": ", 1) for line in table.splitlines())
    return {name: tuple(phrases.split(" | ")) for name, phrases in entries}


NOUN_PHRASES: dict[str, tuple[str, ...]] = _read()
"""The noun phrases of every operation, by its name."""
