"""`refinegraph compare`."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.cli.showing import json_for
from refinegraph.cli.summaries import code_for, show_summary
from refinegraph.errors import InputError
from refinegraph.evaluation.metrics import Summary
from refinegraph.evaluation.records import ResultLine, RunLine
from refinegraph.evaluation.results_dir import RESULTS, read_results, read_runs, read_settings
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.summary import summarise
from refinegraph.html.evaluation import evaluation_page
from refinegraph.support.json_text import json_text
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.text import printable
from refinegraph.wording import plural


def run(options: argparse.Namespace) -> int:
    """Compare evaluations of the same problems, such as models, prompts or versions.

    Returns 1 if the accuracy of the last strategy is below `--fail-under`.
    """
    output = OutputFile(options.output) if options.output else None
    folders = _folders(options.folders)
    _require_same_problems(folders)
    summary = _summarise(folders, options.baseline)
    if options.json:
        print_exactly(json_for(json_text(summary, indent=2) + "\n"))
    else:
        show_summary(summary)
    console = error_console()
    if output:
        title = (
            f"Comparison of {' and '.join(folder.label or folder.path.name for folder in folders)}"
        )
        output.write("".join(evaluation_page(summary, _runs(folders), title=title)))
        say(console, f"report: {options.output}", "dim")
    return code_for(summary, options.fail_under, console)


@dataclass(frozen=True)
class _Folder:
    """The folder of one evaluation."""

    label: str
    """Prefix for the names of its strategies."""
    path: Path
    settings: EvaluationSettings

    def runs(self) -> Iterator[RunLine]:
        """Yield the runs, their strategies prefixed with the label."""
        for run in read_runs(self.path):
            yield run.model_copy(update={"strategy": f"{self.label}/{run.strategy}"})

    def errors(self) -> Iterator[ResultLine]:
        """Yield the result lines of runs without a result, prefixed likewise."""
        for line in read_results(self.path):
            if line.error:
                yield line.model_copy(update={"strategy": f"{self.label}/{line.strategy}"})

    @property
    def strategies(self) -> list[str]:
        """The prefixed names of the strategies, in the order of the evaluation."""
        return [f"{self.label}/{name}" for name in self.settings.strategies]


def _folders(names: Sequence[str]) -> list[_Folder]:
    paths = [_path(name) for name in names]
    return [
        _Folder(label, path, read_settings(path))
        for label, path in zip(_labels(paths), paths, strict=True)
    ]


def _path(name: str) -> Path:
    path = Path(name)
    if not (path / RESULTS).is_file():
        raise InputError(
            f"{name!r} is not a result folder of `refinegraph eval`: it has no {RESULTS}."
        )
    return path


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return the names of the folders, or their whole paths if two names are the same."""
    names = [path.resolve().name for path in paths]
    if len(set(names)) == len(names):
        return names
    whole = [str(path.resolve()) for path in paths]
    if len(set(whole)) < len(whole):
        raise InputError("the same folder was given twice; name different folders.")
    return whole


def _require_same_problems(folders: Sequence[_Folder]) -> None:
    """Require that folders evaluate the same problems; say so if their datasets differ at all.

    Raises `InputError` if one id stands for different problems, or no problem is shared.
    """
    first, *others = folders
    expected = _prompts(first)
    for other in others:
        if other.settings.dataset_digest == first.settings.dataset_digest:
            continue
        prompts = _prompts(other)
        shared = expected.keys() & prompts.keys()
        different = sorted(id for id in shared if expected[id] != prompts[id])
        if different or not shared:
            reason = f"problem {different[0]!r} differs" if different else "they share no problem"
            raise InputError(
                f"{first.label!r} and {other.label!r} evaluate different datasets: {reason}."
            )
        _say_different(first, other, len(shared))


def _prompts(folder: _Folder) -> dict[str, str]:
    return {run.problem_id: run.prompt for run in read_runs(folder.path)}


def _say_different(first: _Folder, other: _Folder, shared: int) -> None:
    files = f"{first.settings.dataset!r} and {other.settings.dataset!r}"
    sentence = (
        f"the datasets {files} differ: accuracies cover different problems or tests, and "
        f"differences cover the {plural(shared, 'problem')} in both"
    )
    say(error_console(), printable(sentence), "yellow")


def _summarise(folders: Sequence[_Folder], baseline: str | None) -> Summary:
    strategies = [name for folder in folders for name in folder.strategies]
    return summarise(
        _runs(folders),
        strategies=strategies,
        baseline=_baseline(baseline, strategies) if baseline else None,
        errors=(line for folder in folders for line in folder.errors()),
    )


def _baseline(asked: str, strategies: Sequence[str]) -> str:
    """Return the strategy that `--baseline` names in full, or by the end of its name."""
    matching = [name for name in strategies if name == asked or name.endswith(f"/{asked}")]
    if len(matching) == 1:
        return matching[0]
    problem = "names more than one strategy" if matching else "names no strategy of these folders"
    raise InputError(f"--baseline {asked!r} {problem}; there are: {', '.join(strategies)}.")


def _runs(folders: Sequence[_Folder]) -> Iterator[RunLine]:
    for folder in folders:
        yield from folder.runs()
