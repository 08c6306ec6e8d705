"""Record which lines every test of a pytest command executes, and read the records."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from refinegraph.tools.localisation.spectrum import ExecutedLines, Line

PLUGIN = "refinegraph_lines"
PLUGIN_FOLDER = Path(__file__).parent / "guest"


def recording_environment(records: str, *, root: str, plugins: str) -> dict[str, str]:
    """Return environment variables that make every pytest run by a command record its lines.

    All paths are those that the command sees.

    Args:
        records: The file that records are written to.
        root: The directory whose files are recorded.
        plugins: The directory that contains the plugin.
    """
    return {
        "REFINEGRAPH_LINES": records,
        "REFINEGRAPH_LINES_ROOT": root,
        "PYTEST_ADDOPTS": f"-p {PLUGIN}",
        "PYTHONPATH": plugins,
    }


def read_records(text: str, *, files: Collection[str]) -> list[ExecutedLines]:
    """Return the lines of the given files that every test executed, skipping damaged records.

    The tests' own process writes the records, so they are evidence and never part of a verdict.
    Lines that ran at import count for every test that executed any line of their file.

    >>> read_records('{"test": "t", "failed": true, "lines": {"a.py": "4"}}', files={"a.py"})
    [ExecutedLines(test='t', failed=True, lines=frozenset({Line(path='a.py', number=2)}))]
    """
    imported: dict[str, set[int]] = {}
    tests: list[tuple[str, bool, dict[str, set[int]]]] = []
    for record in _records(text.splitlines()):
        lines = {path: _numbers(mask) for path, mask in record["lines"].items() if path in files}
        if record["test"]:
            tests.append((record["test"], bool(record["failed"]), lines))
        else:
            for path, numbers in lines.items():
                imported.setdefault(path, set()).update(numbers)
    return [
        ExecutedLines(test, failed, frozenset(_lines(lines, imported)))
        for test, failed, lines in tests
    ]


def _lines(lines: Mapping[str, set[int]], imported: Mapping[str, set[int]]) -> Iterator[Line]:
    for path, numbers in lines.items():
        for number in numbers | imported.get(path, set()):
            yield Line(path, number)


def _records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
            if isinstance(record["test"], str) and isinstance(record["lines"], dict):
                record["failed"] = record["failed"] is True
                yield record
        except (ValueError, KeyError, TypeError):
            continue


def _numbers(mask: object) -> set[int]:
    try:
        bits = int(str(mask), 16)
    except ValueError:
        return set()
    return {number for number in range(1, bits.bit_length()) if bits >> number & 1}
