"""What training is made of: documents that end where the agents end, copies, phases."""

import random

import pytest

from refinegraph.agents.models.providers.local_chat import WEIGHTS

pytest.importorskip("tokenizers", reason="it comes with litellm")


def test_the_weights_are_small_enough_to_ship() -> None:
    assert WEIGHTS.stat().st_size < 16_000_000


def test_reviews_name_the_first_wrong_line() -> None:
    from refinegraph.embedded.tasks import generate_tasks
    from training.documents import review_of
    from training.mistakes import made_up_attempt

    rng = random.Random(1)
    for task in generate_tasks("train", count=50, seed=9):
        attempt = made_up_attempt(task, rng, keep=0.3)
        if attempt is None:
            continue
        review = review_of(task, attempt)
        if attempt.right:
            assert review == "VERDICT: right"
            continue
        step = review.splitlines()[1].removeprefix("STEP: ")
        assert step in attempt.program


def test_phases_follow_each_other_and_cool_down() -> None:
    from training.phases import PHASES

    assert [each.name for each in PHASES] == ["copy", "short", "long", "repair", "names", "again"]
    assert all(0 < each.rate(each.tokens) <= 1 for each in PHASES)
    assert PHASES[-1].rate(PHASES[-1].tokens) < 0.02
