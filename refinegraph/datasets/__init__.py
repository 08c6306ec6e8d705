"""Read datasets from files: problems for the agents, separate gold data for evaluation."""

import difflib
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from refinegraph.datasets.fields import record_id
from refinegraph.datasets.files import BadRecord, Record, read_records, stem_of
from refinegraph.datasets.formats import read_problem
from refinegraph.errors import InputError
from refinegraph.schema import LabelledProblem

__all__ = ["BadRecord", "load_dataset", "select_problems"]


def load_dataset(
    path: str | Path, *, bad_records: list[BadRecord] | None = None
) -> Iterator[LabelledProblem]:
    """Read a dataset, one problem at a time.

    The file contains JSON lines or a JSON array, either of them optionally compressed with gzip, or
    it is a Parquet file (with the extra `parquet`). The fields of a record determine its format:

    * **HumanEval** (`task_id, prompt, entry_point, test`), and HumanEval+ as published on the hub:
      the prompt is also the preamble that an answer continues; `test` is hidden. The visible tests
      are the examples of the docstring, which stay in the prompt for `statement_examples` to read.
    * **EvalPlus** (also `base_input`, `plus_input`, `canonical_solution`), for HumanEval+ and
      MBPP+: the hidden tests contain the inputs and the reference solution, and compare an answer
      with the reference when they run.
    * **MBPP** (`task_id, text` or `prompt, test_list`), and MBPP+ as published on the hub (also
      `test`): a statement cannot be answered without the name and the signature that only its tests
      show, so the first assertion is visible; all assertions are hidden tests. A sentence with the
      function's name is added to the statement.
    * **LiveCodeBench** (`question_content, public_test_cases`): public cases are visible; public
      and private cases are hidden tests.
    * **APPS** (`question, input_output`): all cases are hidden.
    * **GSM8K** (`question, answer`, the result alone or after `####`), **MATH** and **AIME**
      (`problem`, `answer` or a boxed result in `solution`), **MAgICoRe's** (`question,
      gold_answer`).
    * **our own** (`id, prompt`, and `kind`, `tests`, `hidden_tests`, `answer`, `entry_point`,
      `preamble`, `reference` as needed).

    Problems without an id are called `NAME/0`, `NAME/1`, … after the file. JSON lines take constant
    memory apart from the ids; a JSON array is read as a whole. With `bad_records`, a record that
    cannot be read is appended to that list when the iterator reaches it, and reading continues;
    without `bad_records` such a record is an error.

    Raises:
        InputError: The file cannot be read (raised at once), a record cannot be read (raised when
            it is reached), or no record can be read. The message names the file and the line.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "sums.jsonl")
    >>> _ = file.write_text('{"question": "1 + 1?", "answer": "2"}\\n{"question": 1}\\n')
    >>> bad_records: list[BadRecord] = []
    >>> [problem.id for problem, gold in load_dataset(file, bad_records=bad_records)]
    ['sums/0']
    >>> [record.line for record in bad_records]
    [2]
    """
    file = Path(path)
    return _problems(file, read_records(file), bad_records)


def _problems(
    file: Path, records: Iterator[Record | BadRecord], bad_records: list[BadRecord] | None
) -> Iterator[LabelledProblem]:
    first_lines: dict[str, int] = {}
    bad: BadRecord | None = None
    for position, record in enumerate(records):
        outcome = _read(record, f"{stem_of(file)}/{position}", first_lines)
        if not isinstance(outcome, BadRecord):
            first_lines[outcome.problem.id] = record.line
            yield outcome
            continue
        if bad_records is None:
            raise InputError(outcome.reason)
        bad_records.append(outcome)
        bad = bad or outcome
    if not first_lines and bad is not None:
        raise InputError(f"{file} contains no readable problems: {bad.reason}")
    if not first_lines:
        raise InputError(f"{file} contains no problems; expected one JSON object per line.")


def _read(
    record: Record | BadRecord, default_id: str, first_lines: dict[str, int]
) -> LabelledProblem | BadRecord:
    if isinstance(record, BadRecord):
        return record
    try:
        labelled = read_problem(record, default_id=default_id)
    except InputError as error:
        return BadRecord(record.file, record.line, str(error), record_id(record, default_id))
    name = labelled.problem.id
    if name in first_lines:
        reason = (
            f"{record.place}: the id {name!r} was already used on line {first_lines[name]}; give "
            "every problem its own id."
        )
        return BadRecord(record.file, record.line, reason, name)
    return labelled


def select_problems(
    problems: Iterable[LabelledProblem],
    *,
    limit: int | None = None,
    ids: Sequence[str] | None = None,
    shuffle_seed: int | None = None,
    bad_records: Sequence[BadRecord] = (),
) -> Iterator[LabelledProblem]:
    """Select problems by id, in the order of the ids, then shuffle them, then apply the limit.

    Without `ids` and `shuffle_seed` the problems are streamed. With `ids` only the selected
    problems are kept in memory, with `shuffle_seed` all of them. The same seed gives the same
    order.

    Raises:
        InputError: An id does not exist (the message names the closest one) or belongs to a record
            that was left out (the message says why), or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The limit {limit!r} is too small; expected 1 or more problems.")
    chosen: Iterable[LabelledProblem] = (
        problems if ids is None else _by_id(problems, ids, bad_records)
    )
    if shuffle_seed is not None:
        chosen = list(chosen)
        random.Random(shuffle_seed).shuffle(chosen)
    return islice(iter(chosen), limit)


def _by_id(
    problems: Iterable[LabelledProblem], ids: Sequence[str], bad_records: Sequence[BadRecord]
) -> list[LabelledProblem]:
    requested = set(ids)
    selected: dict[str, LabelledProblem] = {}
    seen: list[str] = []
    for labelled in problems:
        seen.append(labelled.problem.id)
        if labelled.problem.id in requested:
            selected[labelled.problem.id] = labelled
        if len(selected) == len(requested):
            break
    for name in ids:
        if name not in selected:
            raise _unknown_id(name, seen, bad_records)
    return [selected[name] for name in dict.fromkeys(ids)]


def _unknown_id(name: str, seen: Sequence[str], bad_records: Sequence[BadRecord]) -> InputError:
    for record in bad_records:
        if record.id == name:
            return InputError(record.reason)
    near = difflib.get_close_matches(name, seen, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}?" if near else "the dataset is empty."
    unread = f" Left out: {bad_records[0].reason}" if bad_records else ""
    return InputError(f"No problem has the id {name!r} among {len(seen)}; {hint}{unread}")
