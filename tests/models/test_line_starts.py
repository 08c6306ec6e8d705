"""Continuing a text after a line break, with models that have a token for break and indentation."""

import pytest
from langchain_core.messages import HumanMessage

from refinegraph.agents.models import (
    Choice,
    Sampling,
    TokenLogprob,
    TopLogprob,
    generate,
    resolve_model,
)
from refinegraph.agents.models.providers.line_starts import LineStart, OnPiece, continue_line
from refinegraph.agents.models.types import Completion
from refinegraph.agents.operators.continuation import continue_from
from refinegraph.agents.operators.steps import line, paragraph
from refinegraph.agents.operators.task import Task
from refinegraph.agents.solver import Solver
from refinegraph.embedded.tasks import graded_tasks
from refinegraph.schema import Candidate, Move, Problem

START = LineStart("def f(x):", "\n")


def tasks(count: int) -> list[Problem]:
    drawn = graded_tasks("held_out", count=count, seed=7, steps=(3, 4), vague=(0,), plain=True)
    return [task.labelled.problem for task in drawn]


@pytest.mark.parametrize("problem", tasks(4), ids=lambda problem: problem.id)
async def test_a_program_continued_line_by_line_is_as_a_whole_one(problem: Problem) -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model, greedy = resolve_model("embedded"), Sampling(temperature=0.0, max_tokens=200)
    solved = await Solver(model, sampling=greedy)(problem)
    whole = solved.choices[0].text
    assert whole.count("\n") >= 2

    step = continue_from(model, step=line(), sampling=greedy)
    text, complete, lines = "", False, 0
    while not complete:
        parents = (Candidate(id="0", text=text),) if text else ()
        task = Task(problem=problem, move=Move(operator="continue"), parents=parents)
        [draft] = (await step.apply(task)).drafts
        text, complete, lines = draft.choice.text, draft.complete, lines + 1
    assert text == whole
    assert lines == whole.count("\n") + 2


async def test_any_part_of_a_line_break_is_continued_alike() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model, greedy = resolve_model("embedded"), Sampling(temperature=0.0, logprobs=2)
    prompt = Solver(model).messages(tasks(1)[0])
    whole = (await generate(model, prompt, sampling=greedy)).choices[0]
    at = whole.text.index("\n", whole.text.index("\n") + 1)
    before = await generate(model, prompt, sampling=greedy, prefix=whole.text[:at], n=2)
    for end in range(at + 1, at + 6):
        prefix = whole.text[:end]
        two = await generate(model, prompt, sampling=greedy, prefix=prefix, n=2)
        for choice in two.choices:
            assert choice.text == whole.text
            assert "".join(token.token for token in choice.logprobs or ()) == whole.text[end:]
        assert two.usage.completion_tokens == before.usage.completion_tokens


async def test_a_whole_program_ends_before_an_empty_line() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model, greedy = resolve_model("embedded"), Sampling(temperature=0.0)
    problem = tasks(1)[0]
    step = continue_from(model, step=paragraph(), sampling=greedy)
    text, completes = "", list[bool]()
    for _ in range(2):
        parents = (Candidate(id="0", text=text),) if text else ()
        task = Task(problem=problem, move=Move(operator="continue"), parents=parents)
        [draft] = (await step.apply(task)).drafts
        text = draft.choice.text
        completes.append(draft.complete)
    assert text == (await Solver(model, sampling=greedy)(problem)).choices[0].text
    assert completes == [False, True]


async def test_limits_hold_for_a_text_that_ends_in_a_line_break() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model = resolve_model("embedded")
    prompt = [HumanMessage("Write f(x) for a list of integers. Reverse the list.\nProgram:")]
    for limit in (1, 2, 3):
        made = await generate(model, prompt, prefix="def f(x):\n", max_tokens=limit)
        assert made.choices[0].truncated
        assert made.usage.completion_tokens == limit


class Written:
    """Continues texts with given first tokens, under a grammar, and one rest."""

    def __init__(self, *tokens: str, rest: str = "return x") -> None:
        self.tokens = tokens
        self.rest = rest
        self.requests: list[tuple[str, int, int | None]] = []

    async def __call__(
        self, text: str, *, n: int, sampling: Sampling, grammar: str = "", on_text: OnPiece | None
    ) -> Completion:
        self.requests.append((text, n, sampling.max_tokens))
        if not grammar:
            return Completion((Choice(text=self.rest, finish_reason="stop"),) * n)
        return Completion(tuple(map(_token, self.tokens)), completion_tokens=n)


def _token(text: str) -> Choice:
    top = (TopLogprob(text, -0.1), TopLogprob("\n  ", -0.2), TopLogprob("x", -0.3))
    token = TokenLogprob(token=text, logprob=-0.1, top=top)
    return Choice(text=text, finish_reason="length" if text else "stop", logprobs=(token,))


async def continued(write: Written, *, sampling: Sampling | None = None) -> list[Choice]:
    answer = await continue_line(
        write, START, n=len(write.tokens), sampling=sampling or Sampling(), on_text=None
    )
    return list(answer.choices)


async def test_equal_first_tokens_are_continued_together() -> None:
    write = Written("\n    ", "\n  ", "", "\n    ")
    choices = await continued(write, sampling=Sampling(max_tokens=9))
    assert [choice.text for choice in choices] == ["    return x", "  return x", "", "    return x"]
    assert write.requests == [
        ("def f(x):", 4, 1),
        ("def f(x):\n    ", 2, 8),
        ("def f(x):\n  ", 1, 8),
    ]


async def test_alternatives_of_the_first_token_lose_the_line_break() -> None:
    [choice] = await continued(Written("\n    "))
    [token] = list(choice.logprobs or ())
    assert token.token == "    "
    assert [other.token for other in token.top] == ["    ", "  "]


async def test_a_stop_text_in_the_first_token_ends_the_answer() -> None:
    write = Written("\n\n")
    [choice] = await continued(write, sampling=Sampling(stop=("\n",)))
    assert (choice.text, choice.finish_reason, len(write.requests)) == ("", "stop", 1)
