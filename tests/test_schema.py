"""Records of older versions can be read; missing information gets the most cautious value."""

import pytest

from refinegraph.schema import Candidate, RefinementResult, Repository, Verdict


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
