"""Compare what a room makes of many inputs with a file that somebody has read.

python tests/approved/approving.py    # rewrite the files after a wanted change
"""

import importlib
from pathlib import Path

import parts_of_strategies
import scrambled_texts

HERE = Path(__file__).parent
ROOMS = (
    "answers_in_prose",
    "garbled_edits",
    "mutated_programs",
    "public_signatures",
    "written_tests",
)


def outcomes(room: str) -> list[str]:
    """Return what a room makes of its inputs, one line each."""
    return list(importlib.import_module(room).outcomes())


def approved(room: str) -> Path:
    """Return the file with the outcomes that are right."""
    return HERE / f"{room}.txt"


if __name__ == "__main__":
    for name in ROOMS:
        approved(name).write_text("".join(f"{line}\n" for line in outcomes(name)))
    approved("scrambled_texts").write_text(
        "".join(map(scrambled_texts.digests, scrambled_texts.READERS))
    )
    approved("parts_of_strategies").write_text(
        "".join(map(parts_of_strategies.described, parts_of_strategies.NAMES))
    )
