"""`refinegraph metrics`."""

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.text import Text

from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.cli.metric_rows import figure_row, metric_page
from refinegraph.errors import InputError
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.results_dir import RESULTS, RUNS, read_runs, read_settings
from refinegraph.evaluation.stored_runs import stored_runs
from refinegraph.metrics import Measurement, Metric, Results, all_metrics, find_metric
from refinegraph.metrics.needs import NEEDS
from refinegraph.terminal.console import output_console, say
from refinegraph.terminal.tables import Column, table_lines

# Bytes of a runs file that are read into memory, where they take about ten times as much. Larger
# files are read again for every metric, which takes as little memory as a single run.
_IN_MEMORY = 32 * 2**20
_COLUMNS = (
    Column("metric"),
    Column("value", right=True),
    Column("95 % interval", right=True),
    Column("n", right=True),
    Column("strategy and part", free=True),
)


def run(options: argparse.Namespace) -> int:
    """Print the metrics of results, or the definitions of all metrics if there are no results."""
    folders = [word for word in options.words if Path(word).is_dir()]
    names = [word for word in options.words if word not in folders]
    metrics = [_named(name) for name in names] or all_metrics()
    if not folders:
        if options.output:
            raise InputError("--output writes figures; name a folder of `refinegraph eval` too.")
        return _define(metrics, whole=bool(names), as_json=options.json)
    output = OutputFile(options.output) if options.output else None
    results = _read(folders)
    measured: Iterator[Measurement] = (metric.compute(results) for metric in metrics)
    if output:
        title = ", ".join(Path(folder).resolve().name for folder in folders)
        measured = iter(kept := list(measured))
        output.write(metric_page(kept, title=title))
    if options.json:
        print_exactly(_json(measurement.model_dump() for measurement in measured))
    else:
        _show(measured)
    return 0


def _named(word: str) -> Metric:
    try:
        return find_metric(word)
    except InputError as error:
        raise InputError(f"{word!r} is neither a folder nor a metric: {error}") from None


def _read(folders: Sequence[str]) -> Results:
    for name in folders:
        if not (Path(name) / RESULTS).is_file():
            raise InputError(f"{name!r} is no folder of an evaluation: it has no {RESULTS}.")
    if len(set(folders)) < len(folders):
        raise InputError("the same folder was given twice; name different ones.")
    return Results({name: _runs(Path(name)) for name in folders})


def _runs(folder: Path) -> Sequence[RunLine]:
    """Return the runs, strategy by strategy in the order in which the evaluation was given them."""
    if (folder / RUNS).exists() and (folder / RUNS).stat().st_size > _IN_MEMORY:
        return stored_runs(folder)
    order = {name: place for place, name in enumerate(read_settings(folder).strategies)}
    return sorted(read_runs(folder), key=lambda run: order.get(run.strategy, len(order)))


def _show(measured: Iterable[Measurement]) -> None:
    """Print a table for each group as soon as it is computed, then the unavailable metrics."""
    console, missing = output_console(), list[Measurement]()
    for group, members in groupby(measured, key=lambda measurement: measurement.group):
        computed = list(members)
        missing += [measurement for measurement in computed if measurement.missing]
        known = [measurement for measurement in computed if measurement.figures]
        if known:
            console.print(Text(f"\n{group}", style="bold"))
            rows = [
                figure_row(measurement, figure)
                for measurement in known
                for figure in measurement.figures
            ]
            for line in table_lines(_COLUMNS, rows, width=console.width):
                console.print(line, soft_wrap=True)
    for sentence in _missing_lines(missing):
        say(console, sentence, indent=4)


def _missing_lines(missing: Sequence[Measurement]) -> Iterator[str]:
    """Yield the metrics that the results do not support, each with the missing requirement."""
    if missing:
        yield "\nnot available"
    for need, how in NEEDS.items():
        names = [measurement.metric for measurement in missing if measurement.missing == need]
        if names:
            yield f"  {need}: {', '.join(names)}"
            yield f"    needs {how}"


def _define(metrics: Sequence[Metric], *, whole: bool, as_json: bool) -> int:
    """Print definitions: of named metrics whole, of all a line each."""
    if as_json:
        print_exactly(_json(map(_card, metrics)))
    elif whole:
        print_exactly("\n".join(map(_described, metrics)))
    else:
        print_exactly("".join(_listed(metrics)))
    return 0


def _card(metric: Metric) -> dict[str, object]:
    fields = ("name", "group", "unit", "definition", "sources", "needs")
    return {field: getattr(metric, field) for field in fields}


def _described(metric: Metric) -> str:
    rows = {"group": metric.group, "unit": metric.unit, "source": "; ".join(metric.sources)}
    rows["needs"] = "; ".join(NEEDS[need] for need in metric.needs)
    said = "".join(f"  {name:<8}{text}\n" for name, text in rows.items())
    return f"{metric.name}\n{textwrap.indent(metric.definition, '  ')}\n\n{said}"


def _listed(metrics: Sequence[Metric]) -> Iterator[str]:
    column = max(len(metric.name) for metric in metrics) + 2
    width = shutil.get_terminal_size().columns
    for group, members in groupby(metrics, key=lambda metric: metric.group):
        yield f"{group}\n"
        for metric in members:
            text = f"  {metric.name:<{column}}{metric.definition.splitlines()[0]}"
            yield f"{textwrap.fill(text, width, subsequent_indent=' ' * (column + 2))}\n"


def _json(cards: Iterable[object]) -> str:
    return f"{json.dumps(list(cards), indent=2, ensure_ascii=False)}\n"
