"""Data models read records of older versions, and report wrong arguments in one sentence."""

from typing import Any

import pytest
from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, RefinementResult, Repository, Verdict


@pytest.mark.parametrize(
    ("integrity", "strength", "is_forgeable"),
    [("isolated", "separate process", False), ("inprocess", "in process", True)],
)
def test_the_integrity_of_version_0_1_is_read_as_a_strength(
    integrity: str, strength: str, is_forgeable: bool
) -> None:
    record = {"passed": True, "status": "passed", "isolation": {"tier": "strong"}}
    verdict = Verdict.model_validate({**record, "integrity": integrity})
    assert (verdict.strength, verdict.is_forgeable) == (strength, is_forgeable)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_refinements_that_version_0_1_called_reverted_are_read_as_rejected() -> None:
    result = RefinementResult.model_validate(
        {
            "problem_id": "p",
            "solved": None,
            "answer": None,
            "strategy": "single",
            "difficulty": None,
            "rounds": 1,
            "stop_reason": {"rule": "rounds", "detail": "1 of 1 rounds were made"},
            "selection": {"candidate_id": None, "reason": "none"},
            "usage": {},
            "candidates": [],
            "reverted": [{"candidate_id": "1.0", "parent_id": "0.0"}],
        }
    )
    assert [rejected.candidate_id for rejected in result.rejected] == ["1.0"]
    assert RefinementResult.model_validate_json(result.model_dump_json()) == result


def test_fields_of_candidates_under_their_former_names_are_read() -> None:
    candidate = Candidate.model_validate(
        {"id": "0.0", "text": "4", "answer_class": "4", "certainty": 1.5}
    )
    assert (candidate.equivalence_class, candidate.self_certainty) == ("4", 1.5)
    assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate


def test_flaky_tests_under_their_former_name_are_read() -> None:
    checkout = {"root": "/checkout", "digest": "0", "command": "pytest", "flickering": ["test_a"]}
    repository = Repository.model_validate(checkout)
    assert repository.flaky == ("test_a",)
    assert Repository.model_validate_json(repository.model_dump_json()) == repository


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "Problem needs the argument prompt, as in Problem(prompt=...)."),
        ({"prompt": 3}, "Problem: prompt=3 is not text."),
        ({"prompt": "x", "tests": ["a"]}, "Problem: tests=['a'] is not text."),
        ({"prompt": "x", "test": "a"}, "Problem has no argument 'test' (did you mean 'tests'?)."),
        ({"prompt": "x", "zzz": 1}, "Problem has no argument 'zzz'; it has prompt, id, kind, "),
        ({"prompt": "x", "kind": "prose"}, "Problem: kind='prose' is not 'code', 'math', "),
    ],
)
def test_wrong_arguments_are_reported_in_one_sentence(
    arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError) as raised:
        Problem(**arguments)
    assert str(raised.value).startswith(sentence)


def test_an_argument_by_position_is_refused_with_an_example() -> None:
    construct: Any = Problem
    with pytest.raises(InputError, match=r"by name, such as Problem\(prompt=...\)"):
        construct("Write add(a, b).")


def test_data_that_is_read_keeps_the_path_to_the_error() -> None:
    with pytest.raises(ValidationError) as raised:
        Problem.model_validate({"prompt": "x", "repository": {}})
    assert raised.value.errors()[0]["loc"] == ("repository", "root")
