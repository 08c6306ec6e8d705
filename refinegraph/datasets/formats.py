"""What the fields of the known data sets mean."""

import difflib
import json
import re
from collections.abc import Callable
from typing import NamedTuple, get_args

from refinegraph.datasets.files import Record
from refinegraph.datasets.hidden_tests import differential_tests, livecodebench_cases
from refinegraph.errors import InputError
from refinegraph.json_values import Json
from refinegraph.schema import Gold, Kind, LabelledProblem, Problem
from refinegraph.tools.entry_points import infer_entry_point

_OWN_FIELDS = (
    "id", "prompt", "kind", "tests", "hidden_tests", "answer", "entry_point", "preamble",
)  # fmt: skip
_LETTER = re.compile(r"\(?([A-J])\)?\.?")
_OPTIONS = re.compile(r"\boptions?\b|\bchoices?\b|\(A\)|\bA[).]", re.IGNORECASE)


class _Form(NamedTuple):
    name: str
    required: tuple[str, ...]
    read: Callable[[Record, str], LabelledProblem]


def read_problem(record: Record, *, default_id: str) -> LabelledProblem:
    """Recognise a record by its fields and read it.

    Raises:
        InputError: The fields are those of no known data set, or hold something else than they
            should; file and line are named.
    """
    for form in _FORMS:
        if all(name in record.fields for name in form.required):
            return form.read(record, default_id)
    found = ", ".join(map(repr, sorted(record.fields))) or "none"
    known = "; ".join(f"{form.name}: {', '.join(form.required)}" for form in _FORMS)
    raise InputError(
        f"{record.place}: the fields {found} are those of no known data set; expected one of "
        f"{known}."
    )


def _text(record: Record, name: str, default: str | None = None) -> str:
    """The field as text; numbers are written out, since ids and answers often are numbers."""
    value = record.fields.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    if value is None and default is not None:
        return default
    raise InputError(
        f"{record.place}: the field {name!r} is {json.dumps(value)[:60]}; expected text."
    )


def _number(value: float) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _statement(record: Record, name: str) -> str:
    text = _text(record, name)
    if not text.strip():
        raise InputError(f"{record.place}: the field {name!r} is empty; expected a statement.")
    return text


def _lines(record: Record, name: str) -> list[str]:
    """The field as a list of texts; one text counts as a list of one."""
    value = record.fields.get(name)
    if value is None or value == "":
        return []
    values = value if isinstance(value, list) else [value]
    if any(not isinstance(each, str) for each in values):
        raise InputError(
            f"{record.place}: the field {name!r} is {json.dumps(value)[:60]}; expected texts."
        )
    return [str(each) for each in values]


def _tests(record: Record, name: str) -> str:
    """Tests as text, however they are given: text, a list of texts, or JSON cases."""
    value = record.fields.get(name)
    if isinstance(value, dict) or (isinstance(value, list) and _holds_object(value)):
        return json.dumps(value, ensure_ascii=False)
    return "\n".join(_lines(record, name))


def _holds_object(values: list[Json]) -> bool:
    return any(isinstance(each, dict) for each in values)


def _humaneval(record: Record, default_id: str) -> LabelledProblem:
    name = _text(record, "entry_point")
    problem = _completion(record, name)
    return LabelledProblem(problem, Gold(tests=f"{_text(record, 'test')}\n\ncheck({name})\n"))


def _completion(record: Record, entry_point: str) -> Problem:
    prompt = _statement(record, "prompt")
    return Problem(
        id=_text(record, "task_id"), prompt=prompt, entry_point=entry_point, preamble=prompt
    )


def _evalplus(record: Record, default_id: str) -> LabelledProblem:
    name = _text(record, "entry_point")
    problem = _completion(record, name)
    reference = _text(record, "canonical_solution")
    if f"def {name}" not in reference:
        reference = problem.prompt + reference
    inputs = [_inputs(record, field) for field in ("base_input", "plus_input")]
    tests = differential_tests(
        entry_point=name,
        reference=reference,
        inputs=[*inputs[0], *inputs[1]],
        tolerance=float(_text(record, "atol", "0") or 0),
    )
    return LabelledProblem(problem, Gold(tests=tests))


def _inputs(record: Record, name: str) -> list[list[Json]]:
    value = record.fields.get(name, [])
    rows = value if isinstance(value, list) else []
    inputs = [row for row in rows if isinstance(row, list)]
    if not isinstance(value, list) or len(inputs) != len(rows):
        raise InputError(
            f"{record.place}: the field {name!r} is {json.dumps(value)[:60]}; expected a list of "
            "lists of arguments."
        )
    return inputs


def _mbpp(record: Record, default_id: str) -> LabelledProblem:
    statement = _statement(record, "text" if "text" in record.fields else "prompt")
    asserts = _lines(record, "test_list")
    setup = [*_lines(record, "test_setup_code"), *_lines(record, "test_imports")]
    name = infer_entry_point("", "\n".join(asserts))
    if name is not None and name not in statement:
        statement = f"{statement.rstrip()}\n\nThe function is called `{name}`."
    problem = Problem(
        id=_text(record, "task_id"),
        prompt=statement,
        entry_point=name,
        tests="\n".join([*setup, *asserts[:1]]) if asserts else "",
    )
    hidden = [*setup, *asserts, *_lines(record, "challenge_test_list")]
    return LabelledProblem(problem, Gold(tests="\n".join(hidden)))


def _livecodebench(record: Record, default_id: str) -> LabelledProblem:
    public = livecodebench_cases(record, "public_test_cases")
    private = livecodebench_cases(record, "private_test_cases")
    starter = _text(record, "starter_code", "")
    statement = _statement(record, "question_content")
    problem = Problem(
        id=_text(record, "question_id", default_id),
        prompt=f"{statement.rstrip()}\n\n{starter}" if starter.strip() else statement,
        tests=json.dumps(public, ensure_ascii=False) if public else "",
        entry_point=_function_name(record) or infer_entry_point(starter),
        preamble=starter,
    )
    every = json.dumps([*public, *private], ensure_ascii=False) if public or private else ""
    return LabelledProblem(problem, Gold(tests=every))


def _function_name(record: Record) -> str | None:
    value = record.fields.get("metadata")
    try:
        metadata: Json = json.loads(value) if isinstance(value, str) and value else value
    except ValueError:
        return None
    name = metadata.get("func_name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name else None


def _gsm8k(record: Record, default_id: str) -> LabelledProblem:
    solution = _text(record, "answer")
    _, mark, answer = solution.rpartition("####")
    if not mark:
        raise InputError(
            f"{record.place}: the field 'answer' has no '####' before its result: "
            f"{solution[-60:]!r}; expected GSM8K's form, or 'gold_answer' for a bare answer."
        )
    return _question(record, "question", answer.strip().replace(",", ""), default_id)


def _math(record: Record, default_id: str) -> LabelledProblem:
    answer = _text(record, "answer", "") or boxed(_text(record, "solution", "")) or ""
    if not answer:
        raise InputError(
            f"{record.place}: neither 'answer' nor a \\boxed result in 'solution' is there; "
            "expected one of them."
        )
    return _question(record, "problem", answer, default_id)


def _magicore(record: Record, default_id: str) -> LabelledProblem:
    return _question(record, "question", _text(record, "gold_answer"), default_id)


def _question(record: Record, field: str, answer: str, default_id: str) -> LabelledProblem:
    statement = _statement(record, field)
    problem = Problem(
        id=_text(record, "unique_id", _text(record, "id", default_id)),
        prompt=statement,
        kind=_kind_of(statement, answer),
    )
    return LabelledProblem(problem, Gold(answer=answer))


def _kind_of(statement: str, answer: str) -> Kind:
    if _LETTER.fullmatch(answer.strip()) and _OPTIONS.search(statement):
        return "choice"
    return "math"


def boxed(solution: str) -> str | None:
    r"""Return what stands in the last `\boxed{…}`, braces matched, None where there is none.

    >>> boxed(r"so it is \boxed{\frac{1}{2}}.")
    '\\frac{1}{2}'
    """
    start = solution.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len("\\boxed")
    for index in range(begin, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[index], 0)
        if depth == 0:
            return solution[begin + 1 : index].strip()
    return None


def _own(record: Record, default_id: str) -> LabelledProblem:
    _refuse_misspelt(record)
    prompt, tests, hidden = _statement(record, "prompt"), _tests(record, "tests"), ""
    hidden = _tests(record, "hidden_tests")
    answer = None if record.fields.get("answer") is None else _text(record, "answer")
    kind = _own_kind(record, prompt, answer, coded=bool(tests or hidden))
    name = _text(record, "entry_point", "") or None
    if kind == "code" and name is None:
        name = infer_entry_point(prompt, tests)
    problem = Problem(
        id=_text(record, "id"),
        prompt=prompt,
        kind=kind,
        tests=tests,
        entry_point=name,
        preamble=_text(record, "preamble", ""),
    )
    return LabelledProblem(problem, Gold(tests=hidden, answer=answer))


def _own_kind(record: Record, prompt: str, answer: str | None, *, coded: bool) -> Kind:
    value = record.fields.get("kind")
    for kind in get_args(Kind):
        if value == kind:
            return kind  # type: ignore[no-any-return]
    if value is not None:
        raise InputError(
            f"{record.place}: the kind {value!r} is unknown; expected one of "
            f"{', '.join(get_args(Kind))}."
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
        _evalplus,
    ),
    _Form("HumanEval", ("task_id", "prompt", "entry_point", "test"), _humaneval),
    _Form("MBPP", ("task_id", "text", "test_list"), _mbpp),
    _Form("MBPP, sanitized", ("task_id", "prompt", "test_list"), _mbpp),
    _Form("LiveCodeBench", ("question_content", "public_test_cases"), _livecodebench),
    _Form("MAgICoRe", ("question", "gold_answer"), _magicore),
    _Form("GSM8K", ("question", "answer"), _gsm8k),
    _Form("MATH", ("problem", "solution"), _math),
    _Form("MATH, answers only", ("problem", "answer"), _math),
    _Form("our own", ("id", "prompt"), _own),
)
"""In the order in which they are tried: the one that asks for more comes first."""
