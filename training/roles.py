"""What every role reads and should write, derived from the reference solution of a task."""

import random
from collections.abc import Sequence

from refinegraph.agents.feedback import known_header
from refinegraph.agents.memory.operators import listed
from refinegraph.agents.prompts import COMPACT2, Prompt
from refinegraph.agents.refiner import NO_REVIEW
from refinegraph.embedded.tasks.behaviour import FAILURES, run_chain
from refinegraph.embedded.tasks.chains import Case
from refinegraph.embedded.tasks.graded import GradedTask, call
from refinegraph.embedded.tasks.inputs import Value, random_input
from refinegraph.embedded.tasks.operation import Step
from refinegraph.schema import Note, Problem
from refinegraph.tools.steps import step_texts
from training.attempts import Attempt
from training.branches import Tree

STATEMENT_WEIGHT = 0.1
"""The weight of a token of a statement, whose examples teach what steps compute."""
NOT_RUN = "It has not been run."
NOTES = "Notes that may help:"
"""The heading under which `with_notes` shows the notes of a run."""
TRACES = (
    "What each line changed on the first failing test:",
    "The wrong result came from these lines, in this order:",
)
"""The headings under which the agents show values line by line."""
KEEP = "1: "
"""The beginning of an edit that changes nothing; the header follows it."""
TESTS = 4
"""The number of tests in one list of the test writer. Lists are short, so that several can be
requested."""


def render(prompt: Prompt | None, **values: str) -> str:
    """Return a prompt as the model reads it."""
    assert prompt is not None
    return str(prompt.messages(**values)[0].content)


def header_of(problem: Problem) -> str:
    """Return the header at the end of the Solver's prompt; empty if the prompt shows none."""
    return known_header(problem)


class TaskTree:
    """The roles on one task, as branches that follow its statement."""

    def __init__(self, task: GradedTask, *, prompt: str | None = None) -> None:
        self.task = task
        self.prompt = prompt or task.labelled.problem.prompt
        self.problem = task.labelled.problem.model_copy(update={"prompt": self.prompt})
        self.header = header_of(self.problem)
        self.tree = Tree()
        self.root = self.tree.add(-1, self.prompt, read_weight=STATEMENT_WEIGHT)
        self._programs: dict[str, int] = {}

    def solve(self) -> None:
        """Add the Solver."""
        self._write(COMPACT2.solver, self._program_after_header(self.task.program))

    def plan(self) -> None:
        """Add the planner."""
        self._write(COMPACT2.planner, f"\n{plan_of(self.task.steps)}")

    def write_tests(self, rng: random.Random) -> None:
        """Add the test writer, with calls that the statement does not show."""
        tests = new_cases(self.task, rng, count=TESTS)
        lines = [f"assert {call(self.task.name, case)} == {case.result!r}" for case in tests]
        if lines:
            self._write(COMPACT2.test_writer, "\n" + "\n".join(lines))

    def learn_from(self, lessons: Sequence[str]) -> None:
        """Add the Solver with lessons of earlier runs, formatted as by `with_notes`."""
        notes = listed([Note(text=lesson) for lesson in lessons], heading=NOTES)
        front = render(COMPACT2.solver, problem=self.prompt, header=self.header)
        read = f"{front.removeprefix(self.prompt)}\n\n{notes}"
        self.tree.add(self.root, read, f"\n{self.task.program}")

    def synthesise(self, attempts: Sequence[Attempt]) -> None:
        """Add the role that combines several programs into one."""
        program = self._program_after_header(self.task.program)
        self._write(COMPACT2.synthesiser, program, solutions=lettered(attempts))

    def compare(self, first: Attempt, second: Attempt) -> None:
        """Add the pairwise judge; exactly one of the two attempts is right."""
        winner = "A" if first.right else "B"
        self._write(
            COMPACT2.pairwise_judge,
            f'{{"reason": "", "winner": "{winner}"}}',
            first=first.program,
            second=second.program,
        )

    def judge_steps(self, attempt: Attempt) -> None:
        """Add the step judge; the header counts as a step and is always right."""
        texts = step_texts(attempt.program, kind="code")
        shown = "\n".join(f"[{number}] {text}" for number, text in enumerate(texts, 1))
        wrong = attempt.wrong_step + 1
        points = [0 if 0 < wrong <= number else 10 for number in range(len(texts))]
        reason = f"line {wrong + 1}" if wrong else "all right"
        self._write(
            COMPACT2.step_judge,
            f'{{"reason": "{reason}", "steps": {points}}}',
            solution=shown,
            count=str(len(texts)),
        )

    def is_true(self, attempt: Attempt) -> None:
        """Add the judge that answers True or False."""
        self._of_program(
            attempt,
            COMPACT2.p_true,
            f" {attempt.right}",
            answer=attempt.program,
        )

    def score(self, attempt: Attempt) -> None:
        """Add the judge that gives a score."""
        points = f'{{"reason": "", "score": {10 if attempt.right else 0}}}'
        self._of_program(attempt, COMPACT2.judge, points, solution=attempt.program)

    def review_unseen(self, attempt: Attempt) -> None:
        """Add the Reviewer of a program that has not been run."""
        self._review(attempt, NOT_RUN, right=attempt.right)

    def review(self, attempt: Attempt, *, trace: str = "", whole: bool = False) -> None:
        """Add the Reviewer, who sees the results of the tests, and the Refiner after it.

        `trace` is the heading under which both see the values line by line; if it is empty, they
        see none. With `whole`, the Refiner writes the whole program instead of the changed lines.
        """
        review = self._review(attempt, shown(attempt, trace), right=attempt.passed)
        if whole:
            program = attempt.program if attempt.passed else self.task.program
            read = f"\nProgram:\n{self.header}"
            self.tree.add(review, read, self._program_after_header(program))
        else:
            self.tree.add(review, "\nEdit:", f"\n{edit_of(self.task, attempt)}")

    def edit(self, attempt: Attempt, *, trace: str = "") -> None:
        """Add the Refiner who edits without a review, as it is asked where none is wanted."""
        self._of_program(
            attempt,
            COMPACT2.refiner_edit,
            f"\n{edit_of(self.task, attempt)}",
            solution=attempt.program,
            evidence=shown(attempt, trace),
            review=NO_REVIEW,
        )

    def _review(self, attempt: Attempt, evidence: str, *, right: bool) -> int:
        verdict = "VERDICT: right" if right else review_of(self.task, attempt)
        return self._of_program(
            attempt, COMPACT2.reviewer, f"\n{verdict}", solution=attempt.program, evidence=evidence
        )

    def _write(
        self, prompt: Prompt | None, answer: str, *, weight: float = 1.0, **values: str
    ) -> None:
        read = render(prompt, problem=self.prompt, header=self.header, **values)
        self.tree.add(self.root, read.removeprefix(self.prompt), answer, weight=weight)

    def _of_program(
        self,
        attempt: Attempt,
        prompt: Prompt | None,
        written: str,
        *,
        weight: float = 1.0,
        **values: str,
    ) -> int:
        """Add a role whose prompt begins with the statement and the program."""
        front = f"\nProgram:\n{attempt.program}"
        if attempt.program not in self._programs:
            self._programs[attempt.program] = self.tree.add(self.root, front)
        read = render(prompt, problem=self.prompt, **values)
        return self.tree.add(
            self._programs[attempt.program],
            read.removeprefix(f"{self.prompt}{front}"),
            written,
            weight=weight,
        )

    def _program_after_header(self, program: str) -> str:
        return program.removeprefix(self.header) if self.header else program


def shown(attempt: Attempt, trace: str) -> str:
    """Return what the Reviewer and the Refiner see of the run of an attempt."""
    values = f"\n\n{trace}\n{attempt.trace}" if trace and attempt.trace else ""
    return f"{attempt.evidence}{values}"


def review_of(task: GradedTask, attempt: Attempt) -> str:
    """Return the review of a wrong attempt: its first wrong line, and the right change."""
    wrong = max(attempt.wrong_step, 0)
    meant = task.steps[min(wrong, len(task.steps) - 1)]
    return f"VERDICT: wrong\nSTEP: line {wrong + 2}\nCHANGE: {gloss_of(meant)}"


def edit_of(task: GradedTask, attempt: Attempt) -> str:
    """Return the corrected line that the review names, or the whole program.

    Later lines may be wrong as well; the next review finds them. The whole program is written if
    the attempt has too many or too few lines.
    """
    theirs, ours = attempt.program.split("\n"), task.program.split("\n")
    if attempt.passed:
        return f"{KEEP}{theirs[0]}"
    if len(theirs) != len(ours):
        return task.program
    place = max(attempt.wrong_step, 0) + 1
    return f"{place + 1}: {ours[place]}"


def plan_of(steps: Sequence[Step]) -> str:
    """Return the steps in plain words, numbered."""
    return "\n".join(f"{number}. {gloss_of(step)}" for number, step in enumerate(steps, 1))


def gloss_of(step: Step) -> str:
    """Return a step in plain words."""
    return step.say(step.operation.phrases[0])


def lettered(attempts: Sequence[Attempt]) -> str:
    """Return programs labelled with the letters A, B and so on."""
    pairs = zip("ABCDEFGH", attempts, strict=False)
    return "\n".join(f"{letter}:\n{attempt.program}" for letter, attempt in pairs)


def lessons_of(task: GradedTask, rng: random.Random) -> list[str]:
    """Return lessons about some of the vague steps, as an earlier run might have learned them."""
    lessons = [
        f"{step.say(phrase)} means: {gloss_of(step)}"
        for step, phrase in zip(task.steps, task.phrases, strict=True)
        if phrase
    ]
    return rng.sample(lessons, min(len(lessons), rng.choice((1, 2, 3))))


def new_cases(task: GradedTask, rng: random.Random, *, count: int) -> list[Case]:
    """Return small cases that the statement does not show, which a small model can work out."""
    shown = {repr(case.arguments) for case in task.examples}
    takes = task.steps[0].operation.takes
    cases: dict[str, Case] = {}
    for number in range(4 * count):
        first = _small(random_input(takes, rng, edge=number % 3 == 0), rng)
        arguments = (first, *(rng.choice(task.hidden).arguments[1:]))
        try:
            result = run_chain(task.steps, arguments)[-1]
        except FAILURES:
            continue
        if repr(arguments) not in shown and len(repr(result)) < 40:
            cases.setdefault(repr(arguments), Case(arguments, result))
        if len(cases) == count:
            break
    return list(cases.values())


def _small(value: Value, rng: random.Random) -> Value:
    if isinstance(value, list):
        return value[: rng.randint(0, 3)]
    return value


def outside(statement: str) -> Tree:
    """Return the Solver's answer to a statement outside the model's scope."""
    header = header_of(Problem(prompt=statement))
    tree = Tree()
    read = render(COMPACT2.solver, problem=statement, header=header)
    tree.add(-1, read, f"\n    {COMPACT2.abstention}" if header else COMPACT2.abstention)
    return tree


def step_lines(steps: Sequence[Step], phrases: Sequence[str]) -> Tree:
    """Return the role that writes the line of one step, with one root per step."""
    tree = Tree()
    for step, phrase in zip(steps, phrases, strict=True):
        read = render(COMPACT2.step_solver, step=phrase)
        tree.add(-1, read, f"\nx = {step.expression}")
    return tree
