"""`refinegraph export`."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from refinegraph.cli.files import OutputFile
from refinegraph.errors import InputError
from refinegraph.evaluation.export import Format, export
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.results_dir import RESULTS, read_runs
from refinegraph.support.json_text import json_text
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.text import printable
from refinegraph.wording import plural

_NEEDS: dict[Format, str] = {
    "sft": "an answer that passes the hidden tests or equals the gold answer",
    "dpo": "a right and a wrong answer in one run",
    "step": "scores of single steps, which a reward model or a step judge gives to solutions in "
    "words; programs have none",
    "critique": "a review and the refinement that followed it, so a strategy that refines",
    "rollout": "an answer that visible tests were run on",
    "step-pair": "a strategy that writes step by step, and two steps of which one ends right more "
    "often",
    "move": "an answer that visible tests or a label judge",
    "error": "a right answer that was damaged, as `--strategy error-injection` does",
    "question": "questions, as `--strategy question-variation` writes them",
}


def run(options: argparse.Namespace) -> int:
    """Write training data from evaluation runs as JSON lines; if there is none, say why."""
    folders = [_folder(name) for name in options.folders]
    written = _Counted(json_text(line) + "\n" for line in export(_runs(folders), options.format))
    if options.output:
        OutputFile(options.output).write("".join(written))
        if written.count:
            say(error_console(), f"{plural(written.count, 'line')} in {printable(options.output)}")
    else:
        sys.stdout.writelines(written)
    if not written.count:
        sentence = f"no line: --format {options.format} needs {_NEEDS[options.format]}"
        say(error_console(), sentence, "yellow")
    return 0


class _Counted:
    """Counts lines as they are written."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.count = 0
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += 1
            yield line


def _folder(name: str) -> Path:
    if not (Path(name) / RESULTS).is_file():
        raise InputError(
            f"{name!r} is not a result folder of `refinegraph eval`: it has no {RESULTS}."
        )
    return Path(name)


def _runs(folders: Iterable[Path]) -> Iterator[RunLine]:
    for folder in folders:
        yield from read_runs(folder)
