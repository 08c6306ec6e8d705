"""Training data: answers that the agents can parse, evidence in the agents' words."""

import random
from collections.abc import Iterator

import pytest

from refinegraph.agents.feedback import format_verdict
from refinegraph.agents.judges.replies import ComparisonReply, OutcomeReply, StepsReply
from refinegraph.agents.models.providers.local_chat import WEIGHTS
from refinegraph.agents.reviewer import parse_review
from refinegraph.agents.structured_output import parse_reply
from refinegraph.embedded.tasks import GradedTask, graded_tasks
from refinegraph.embedded.tasks.outside import outside_questions, outside_statements
from refinegraph.schema import CallCase, Candidate
from refinegraph.tools import Sandbox, parse_tests
from refinegraph.tools.edits import EditedProgram, edit_program
from refinegraph.tools.test_cases import parse_generated_tests
from refinegraph.tools.test_cases.checking import check_program
from refinegraph.tools.traces import failing_trace
from training.attempts import Attempt, read_attempt, reference, spoiled
from training.mixture import draw_trees
from training.phases import PHASES, scaled
from training.reading import read_steps
from training.roles import TRACES, TaskTree, edit_of, lettered


def attempts(count: int, *, seed: int = 9) -> Iterator[tuple[GradedTask, Attempt]]:
    rng = random.Random(seed)
    for task in graded_tasks("train", count=count, seed=seed):
        attempt = spoiled(task, rng)
        if attempt is not None:
            yield task, attempt


def test_the_weights_are_small_enough_to_ship() -> None:
    assert WEIGHTS.stat().st_size < 12_000_000


def test_programs_read_back_as_their_steps() -> None:
    for task in graded_tasks("train", count=150, seed=21):
        read = read_steps(task.program, arguments=task.arguments)
        assert read is not None, task.program
        attempt = read_attempt(task, task.program)
        assert attempt is not None and attempt.right, task.program


@pytest.mark.parametrize(
    "line", ["    return open('x')", "    return x.__class__", "return x", "    return x[:y]"]
)
def test_other_programs_are_not_run_here(line: str) -> None:
    assert read_steps(f"def f(x):\n{line}", arguments=("x",)) is None


async def test_evidence_and_traces_read_as_the_agents_word_them() -> None:
    async with Sandbox(min_tier="none") as sandbox:
        for task, attempt in attempts(20):
            problem = task.labelled.problem
            tests = parse_tests(problem.tests, entry_point=problem.entry_point)
            verdict = await check_program(sandbox, attempt.program, tests, problem=problem)
            candidate = Candidate(id="0.0", text="", program=attempt.program, verdict=verdict)
            assert attempt.evidence == format_verdict(candidate)
            assert attempt.passed == verdict.passed
            if attempt.trace:
                traced = await failing_trace(sandbox)(problem, candidate, tests)
                assert f"{TRACES[0]}\n{attempt.trace}" == traced


def test_edits_mend_the_program_line_by_line() -> None:
    mended = 0
    for task, attempt in attempts(60):
        for _ in task.steps:
            if attempt.right or attempt.passed:
                break
            edited = edit_program(edit_of(task, attempt), attempt.program, entry_point=task.name)
            assert isinstance(edited, EditedProgram), edited
            better = read_attempt(task, edited.source)
            assert better
            assert better.right or better.passed or better.wrong_step > attempt.wrong_step
            attempt = better
            mended += better.right
    assert mended > 30


def test_answers_of_every_role_are_read_by_the_agents() -> None:
    rng = random.Random(3)
    for task, attempt in attempts(30, seed=4):
        roles = TaskTree(task)
        roles.score(attempt)
        roles.judge_steps(attempt)
        roles.write_tests(rng)
        roles.review(attempt)
        roles.compare(reference(task), attempt)
        answers = {
            branch.read.rstrip().rpartition("\n")[2]: branch.write for branch in roles.tree.branches
        }
        assert parse_reply(answers["Score:"], OutcomeReply).reply is not None
        steps = parse_reply(
            answers[f"Scores of the {attempt.program.count(chr(10)) + 1} steps:"], StepsReply
        )
        assert steps.reply is not None
        assert len(steps.reply.steps) == attempt.program.count("\n") + 1
        winner = parse_reply(answers["Better:"], ComparisonReply).reply
        assert winner is not None and winner.winner == "A"
        review = parse_review(answers["Review:"], Candidate(id="0.0", text=attempt.program))
        assert review.approves == attempt.passed
        tests = parse_generated_tests(answers.get("Tests:", ""), entry_point=task.name)
        assert all(isinstance(test, CallCase) for test in tests)


async def test_tests_that_are_taught_are_right() -> None:
    rng = random.Random(8)
    async with Sandbox(min_tier="none") as sandbox:
        for task in graded_tasks("train", count=10, seed=31):
            roles = TaskTree(task)
            roles.write_tests(rng)
            written = roles.tree.branches[-1].write
            tests = parse_generated_tests(written, entry_point=task.name)
            verdict = await check_program(
                sandbox, task.program, tests, problem=task.labelled.problem
            )
            assert verdict.passed, (written, task.program)


def test_the_first_wrong_line_is_the_one_after_which_values_differ() -> None:
    for task, attempt in attempts(60):
        if attempt.right or len(attempt.steps) != len(task.steps):
            continue
        assert attempt.steps[: attempt.wrong_step] == task.steps[: attempt.wrong_step] or (
            attempt.steps[attempt.wrong_step] != task.steps[attempt.wrong_step]
        )


def test_several_programs_are_labelled_with_letters() -> None:
    [(_, attempt)] = list(attempts(1))
    assert lettered([attempt, attempt]).startswith("A:\ndef ")
    assert "\nB:\ndef " in lettered([attempt, attempt])


def test_chunks_are_the_same_for_the_same_number() -> None:
    mixture = PHASES[-1].mixture
    assert mixture is not None
    made_up = mixture._replace(own=0.0)
    assert draw_trees(made_up, 3, count=20) == draw_trees(made_up, 3, count=20)
    assert draw_trees(made_up, 3, count=20) != draw_trees(made_up, 4, count=20)


def test_outside_questions_are_not_among_the_trained_statements() -> None:
    trained = {statement.lower().rstrip("?.") for statement in outside_statements(20_000)}
    kept = [each for each in outside_questions() if each.lower().rstrip("?.") in trained]
    assert not kept


def test_training_phases_have_an_order_and_a_falling_rate() -> None:
    assert [phase.name for phase in PHASES] == [
        "copy", "short", "long", "full", "last",
    ]  # fmt: skip
    assert all(0 < phase.rate(phase.tokens) <= 1 for phase in PHASES)
    assert PHASES[-1].rate(PHASES[-1].tokens) < 0.02
    assert scaled(PHASES, 0.5)[0].tokens == PHASES[0].tokens // 2
