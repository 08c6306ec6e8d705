"""Recognise and read the records of the known datasets.

Field names are those of the dataset cards on the Hugging Face hub: `openai/gsm8k`,
`hendrycks/competition_math`, `HuggingFaceH4/MATH-500` and AIME as `HuggingFaceH4/aime_2024`
(`problem`, `answer`), `Maxwell-Jia/AIME_2024` (`Problem`, `Answer`) and `opencompass/AIME2025`
(`question`, `answer`), and those of the repository of MAgICoRe. `code_formats` reads the datasets
of programming problems.
"""

import difflib
import re
from collections.abc import Callable
from typing import NamedTuple, get_args

from refinegraph.datasets import code_formats
from refinegraph.datasets.code_formats import reference_program
from refinegraph.datasets.fields import statement_field, tests_field, text_field
from refinegraph.datasets.files import Record
from refinegraph.errors import InputError
from refinegraph.schema import Gold, Kind, LabelledProblem, Problem
from refinegraph.tools.answers.boxes import last_box
from refinegraph.tools.programs.entry_points import infer_entry_point

_OWN_FIELDS = (
    "id", "prompt", "kind", "tests", "hidden_tests", "answer", "entry_point", "preamble",
    "reference",
)  # fmt: skip
_LETTER = re.compile(r"\(?([A-J])\)?\.?")
_LONGEST_BARE = 60
"""In characters: the longest answer without '####' that is accepted as a result. A longer one is
taken for a solution that was cut off. The number is a choice."""
_OPTIONS = re.compile(r"\boptions?\b|\bchoices?\b|\(A\)|\bA[).]", re.IGNORECASE)


class _Form(NamedTuple):
    name: str
    required: tuple[str, ...]
    read: Callable[[Record, str], LabelledProblem]


def read_problem(record: Record, *, default_id: str) -> LabelledProblem:
    """Recognise the format of a record by its fields and read it.

    Raises:
        InputError: The fields match no known dataset, or a field has the wrong type of value. The
            message names the file and the line.
    """
    for form in _FORMS:
        if all(name in record.fields for name in form.required):
            return checked(form.read(record, default_id), record)
    fields = ", ".join(map(repr, sorted(record.fields))) or "none"
    formats = "; ".join(f"{form.name}: {', '.join(form.required)}" for form in _FORMS)
    raise InputError(
        f"{record.place}: the fields {fields} match no known dataset; expected one of {formats}."
    )


def is_known_dataset(record: Record) -> bool:
    """Return whether a record has the fields of a published dataset."""
    published = (form for form in _FORMS if form.read is not _own)
    return any(all(name in record.fields for name in form.required) for form in published)


def checked(labelled: LabelledProblem, record: Record) -> LabelledProblem:
    """Return the problem unchanged; raises `InputError` if its text is not valid Unicode.

    JSON can contain lone surrogates, which cannot be sent or stored as UTF-8.
    """
    for part in labelled:
        for name, value in part:
            try:
                str(value).encode()
            except UnicodeEncodeError as error:
                surrogate = ascii(error.object[error.start])
                raise InputError(
                    f"{record.place}: the problem's {name!r} contains the lone surrogate "
                    f"{surrogate}; expected text that can be encoded as UTF-8."
                ) from None
    return labelled


def _gsm8k(record: Record, default_id: str) -> LabelledProblem:
    solution = text_field(record, "answer")
    _, mark, answer = solution.rpartition("####")
    bare = solution.strip()
    if not mark and ("\n" in bare or len(bare) > _LONGEST_BARE):
        raise InputError(
            f"{record.place}: the field 'answer' has no '####' before its result: "
            f"{solution[-60:]!r}; expected GSM8K's format, or only the result on one line."
        )
    result = answer.strip().replace(",", "") if mark else bare
    return _question(record, "question", result, default_id)


def _math(record: Record, default_id: str) -> LabelledProblem:
    answer = text_field(record, "answer", "") or last_box(text_field(record, "solution", ""))
    if not answer:
        raise InputError(
            f"{record.place}: there is neither an 'answer' nor a \\boxed result in 'solution'; "
            "expected one of them."
        )
    return _question(record, "problem", answer, default_id)


def _capitalised(record: Record, default_id: str) -> LabelledProblem:
    """Read a record with capitalised field names, as in one edition of AIME."""
    fields = {name.lower(): value for name, value in record.fields.items()}
    return _math(record._replace(fields=fields), default_id)


def _magicore(record: Record, default_id: str) -> LabelledProblem:
    return _question(record, "question", text_field(record, "gold_answer"), default_id)


def _question(record: Record, field: str, answer: str, default_id: str) -> LabelledProblem:
    statement = statement_field(record, field)
    problem = Problem(
        id=text_field(record, "unique_id", text_field(record, "id", default_id)),
        prompt=statement,
        kind=_kind_of(statement, answer),
    )
    return LabelledProblem(problem, Gold(answer=answer))


def _kind_of(statement: str, answer: str) -> Kind:
    if _LETTER.fullmatch(answer.strip()) and _OPTIONS.search(statement):
        return "choice"
    return "math"


def _own(record: Record, default_id: str) -> LabelledProblem:
    _refuse_misspelt(record)
    prompt, tests = statement_field(record, "prompt"), tests_field(record, "tests")
    hidden = tests_field(record, "hidden_tests")
    answer = None if record.fields.get("answer") is None else text_field(record, "answer")
    kind = _own_kind(record, prompt, answer, coded=bool(tests or hidden))
    name = text_field(record, "entry_point", "") or None
    if kind == "code" and name is None:
        name = infer_entry_point(prompt, tests)
    problem = Problem(
        id=text_field(record, "id"),
        prompt=prompt,
        kind=kind,
        tests=tests,
        entry_point=name,
        preamble=text_field(record, "preamble", ""),
    )
    reference = reference_program(problem, text_field(record, "reference", ""))
    return LabelledProblem(problem, Gold(tests=hidden, answer=answer, reference=reference))


_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "repository")
"""The kinds that a record can have; a repository problem is a checkout, not a record."""


def _own_kind(record: Record, prompt: str, answer: str | None, *, coded: bool) -> Kind:
    value = record.fields.get("kind")
    for kind in _KINDS:
        if value == kind:
            return kind
    if value is not None:
        raise InputError(
            f"{record.place}: the kind {value!r} is unknown; expected one of {', '.join(_KINDS)}."
        )
    if coded or answer is None:
        return "code"
    return _kind_of(prompt, answer) if re.search(r"\d|\\|^\(?[A-J]\)?$", answer) else "text"


def _refuse_misspelt(record: Record) -> None:
    for name in record.fields:
        near = difflib.get_close_matches(name, _OWN_FIELDS, n=1, cutoff=0.8)
        if near and name not in _OWN_FIELDS:
            raise InputError(
                f"{record.place}: the field {name!r} is unknown; did you mean {near[0]!r}?"
            )


_FORMS = (
    _Form(
        "EvalPlus",
        ("task_id", "prompt", "entry_point", "base_input", "canonical_solution"),
        code_formats.evalplus,
    ),
    _Form("HumanEval", ("task_id", "prompt", "entry_point", "test"), code_formats.humaneval),
    _Form("MBPP", ("task_id", "text", "test_list"), code_formats.mbpp),
    _Form("MBPP, sanitized", ("task_id", "prompt", "test_list"), code_formats.mbpp),
    _Form("LiveCodeBench", ("question_content", "public_test_cases"), code_formats.livecodebench),
    _Form("APPS", ("question", "input_output"), code_formats.apps),
    _Form("MAgICoRe", ("question", "gold_answer"), _magicore),
    _Form("GSM8K", ("question", "answer"), _gsm8k),
    _Form("MATH", ("problem", "solution"), _math),
    _Form("MATH, answers only", ("problem", "answer"), _math),
    _Form("AIME, capitalised", ("Problem", "Answer"), _capitalised),
    _Form("our own", ("id", "prompt"), _own),
)
"""In the order in which they are tried: formats that require more fields come first."""
