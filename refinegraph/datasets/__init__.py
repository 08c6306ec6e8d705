"""Data sets from files: problems for the agents, and apart from them what evaluation knows."""

import difflib
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from refinegraph.datasets.files import Record, read_records
from refinegraph.datasets.formats import read_problem
from refinegraph.errors import InputError
from refinegraph.schema import LabelledProblem


def load_dataset(path: str | Path) -> Iterator[LabelledProblem]:
    """Read a data set, one problem after the other.

    The file is JSON lines, a JSON array, or either of them compressed with gzip; each record is
    recognised by its fields:

    * **HumanEval** (`task_id, prompt, entry_point, test`): the prompt is also the preamble that
      an answer continues; `test` is hidden. The visible tests are the examples of the docstring:
      they are left where they are, in the prompt, for `statement_examples` to read.
    * **EvalPlus** (`base_input`, `plus_input`, `canonical_solution` besides): the hidden tests
      carry the inputs and the reference solution, and compare the two where they are run.
    * **MBPP** (`task_id, text` or `prompt, test_list`): without the name and the signature that
      its tests show no statement can be answered, so the first assertion is visible; all are
      hidden tests. A sentence with the function's name is added to the statement.
    * **LiveCodeBench** (`question_content, public_test_cases`): public cases are visible, public
      and private ones hidden tests.
    * **GSM8K** (`question, answer` with `####`), **MATH** (`problem`, `answer` or a boxed result in
      `solution`), **MAgICoRe's** (`question, gold_answer`).
    * **our own** (`id, prompt`, and `kind`, `tests`, `hidden_tests`, `answer`, `entry_point`,
      `preamble` as needed).

    Problems without an id are called `NAME/0`, `NAME/1`, … by the file's name. Memory stays flat
    for JSON lines, apart from the ids; a JSON array is read whole.

    Raises:
        InputError: The file can not be read (at once), or a record can not (when it is reached);
            file and line are named.
    """
    file = Path(path)
    return _problems(file, read_records(file))


def _problems(file: Path, records: Iterator[Record]) -> Iterator[LabelledProblem]:
    seen: dict[str, int] = {}
    for position, record in enumerate(records):
        labelled = read_problem(record, default_id=f"{_stem(file)}/{position}")
        first = seen.setdefault(labelled.problem.id, record.line)
        if first != record.line:
            raise InputError(
                f"{record.place}: the id {labelled.problem.id!r} stands on line {first} already; "
                "give every problem its own id."
            )
        yield labelled
    if not seen:
        raise InputError(f"{file} holds no problem; expected one JSON object a line.")


def _stem(file: Path) -> str:
    return file.name.partition(".")[0] or "problem"


def select_problems(
    problems: Iterable[LabelledProblem],
    *,
    limit: int | None = None,
    ids: Sequence[str] | None = None,
    shuffle_seed: int | None = None,
) -> Iterator[LabelledProblem]:
    """Keep the problems with the given ids, in that order, then shuffle, then cut to the limit.

    Without ids and shuffling it streams; with ids only those asked for are held, with shuffling
    all. The same seed gives the same order.

    Raises:
        InputError: An id is not there (the nearest is named), or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The limit {limit!r} is too small; expected 1 or more problems.")
    chosen: Iterable[LabelledProblem] = problems if ids is None else _by_id(problems, ids)
    if shuffle_seed is not None:
        chosen = list(chosen)
        random.Random(shuffle_seed).shuffle(chosen)
    return islice(iter(chosen), limit)


def _by_id(problems: Iterable[LabelledProblem], ids: Sequence[str]) -> list[LabelledProblem]:
    wanted = dict.fromkeys(ids)
    found: dict[str, LabelledProblem] = {}
    known: list[str] = []
    for labelled in problems:
        known.append(labelled.problem.id)
        if labelled.problem.id in wanted:
            found[labelled.problem.id] = labelled
        if len(found) == len(wanted):
            break
    for name in wanted:
        if name not in found:
            raise _unknown_id(name, known)
    return [found[name] for name in wanted]


def _unknown_id(name: str, known: Sequence[str]) -> InputError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}?" if near else "the data set is empty."
    return InputError(f"No problem has the id {name!r} among {len(known)}; {hint}")
