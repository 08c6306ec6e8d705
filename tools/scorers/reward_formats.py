"""What served reward models are asked, and how their answers are read, one class a format."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

from refinegraph.errors import ModelRequestRefused
from refinegraph.tools.scorers.reward_server import Payload

Post = Callable[[str, Payload], Awaitable[Payload]]
"""Sends a body to a path and returns the JSON object that comes back."""

_SHOWN = 200


class Case(NamedTuple):
    """One solution to judge; also what its judgement is remembered by."""

    problem: str
    solution: str
    steps: tuple[str, ...]


class Judged(NamedTuple):
    """What a reward model said: a value of the outcome, or one value a step."""

    value: float | None
    steps: tuple[float, ...] = ()


class RewardFormat(Protocol):
    """How one kind of reward model is asked about solutions of one problem, and understood."""

    most: int | None
    """How many solutions one request takes; None for any number."""

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Return one judgement a case; raises `ModelRequestRefused` where shapes disagree."""
        ...


class Outcome:
    """An outcome reward model behind vLLM's `/pooling` (InternLM2's and Skywork's rewards).

    Its one number, or its last where it gives one a token, goes through a sigmoid as MAgICoRe has
    it (arXiv 2409.12147).
    """

    most: int | None = 1

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask about the conversation of problem and solution."""
        body = {"model": model, "messages": _chat(cases[0].problem, cases[0].solution)}
        answer = await post("/pooling", {**body, "use_activation": False})
        numbers = _numbers(_row(answer, 0, of=1))
        if not numbers:
            raise _disagree("a number", answer)
        return [Judged(_sigmoid(numbers[-1]))]


class Classify:
    """A sequence classifier behind vLLM's `/classify`; the last class is "right"."""

    most: int | None = None

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask about problem and solution as one text."""
        texts = [f"{case.problem}\n\n{case.solution}" for case in cases]
        answer = await post("/classify", {"model": model, "input": texts})
        return [
            Judged(_probability(_last(entry, "probs", answer)))
            for entry in _entries(answer, "data", len(cases))
        ]


class Pair:
    """A cross-encoder behind vLLM's `/score`, given the problem and the solution.

    Its scores are probabilities as vLLM serves them; `logits` are put through a sigmoid.
    """

    most: int | None = None

    def __init__(self, *, logits: bool = False) -> None:
        self.logits = logits

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask how well the solutions answer the problem."""
        solutions = [case.solution for case in cases]
        body = {"model": model, "text_1": cases[0].problem, "text_2": solutions}
        answer = await post("/score", body)
        entries = _entries(answer, "data", len(cases))
        return [Judged(_squashed(_last(each, "score", answer), self.logits)) for each in entries]


class Rerank:
    """A reranker behind llama.cpp's or vLLM's `/v1/rerank`.

    vLLM answers with probabilities, and so does llama.cpp for Qwen3-Reranker; for most other
    models llama.cpp answers with `logits`, which are put through a sigmoid.
    """

    most: int | None = None

    def __init__(self, *, logits: bool = False) -> None:
        self.logits = logits

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask how relevant the solutions are to the problem."""
        solutions = [case.solution for case in cases]
        body = {"model": model, "query": cases[0].problem, "documents": solutions}
        answer = await post("/v1/rerank", {**body, "top_n": len(cases)})
        entries = _entries(answer, "results", len(cases))
        relevance = (_last(each, "relevance_score", answer) for each in entries)
        return [Judged(_squashed(each, self.logits)) for each in relevance]


class QwenProcess:
    """Qwen2.5-Math-PRM (arXiv 2501.07301) behind vLLM's `/pooling`: `<extra_0>` after each step."""

    most: int | None = 1
    mark = "<extra_0>"
    system = r"Please reason step by step, and put your final answer within \boxed{}."

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask with a mark after every step; the second probability at each is the step's."""
        steps = [_unmarked(step, self.mark) for step in cases[0].steps]
        problem = _unmarked(cases[0].problem, self.mark)
        marked = _chat(problem, "".join(f"{step}{self.mark}" for step in steps))
        messages = [{"role": "system", "content": self.system}, *marked]
        answer = await post("/pooling", {"model": model, "messages": messages})
        return [_per_step(_row(answer, 0, of=1), len(steps), column=1)]


class MathShepherd:
    """Math-Shepherd (arXiv 2312.08935) behind vLLM's `/pooling`: `ки` after each step.

    The server has to be told the mark's token and those of `+` and `-`, in this order: pooling
    type STEP with `step_tag_id` and `returned_token_ids`.
    """

    most: int | None = None
    mark = "ки"

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask with a mark after every step; the first probability at each, of `+`, is its."""
        answer = await post("/pooling", {"model": model, "input": list(map(self._text, cases))})
        return [
            _per_step(_row(answer, place, of=len(cases)), len(case.steps), column=0)
            for place, case in enumerate(cases)
        ]

    def _text(self, case: Case) -> str:
        steps = (_unmarked(step, self.mark) for step in case.steps)
        named = (
            step if step.lower().startswith("step") else f"Step {number}: {step}"
            for number, step in enumerate(steps, 1)
        )
        marked = "\n".join(f"{step} {self.mark}" for step in named)
        return f"{_unmarked(case.problem, self.mark)} {marked}"


class SkyworkProcess:
    """Skywork-o1-Open-PRM behind vLLM's `/pooling`: one reward a token, read where steps end.

    Every step ends in a line feed, whose reward goes through a sigmoid. The server's `/tokenize`
    says which tokens these are: beside the one for the rewards a solution costs a request a step,
    which runs no model.
    """

    most: int | None = 1
    start = "<|endoftext|>"

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Ask for the rewards of all tokens and keep those at the end of a step."""

        async def tokens(text: str) -> list[int]:
            body = {"model": model, "prompt": text, "add_special_tokens": False}
            return _token_ids(await post("/tokenize", body))

        case = cases[0]
        pieces = [f"{self.start}{case.problem}\n", "\n", *case.steps]
        head, feed, *steps = await asyncio.gather(*map(tokens, pieces))
        ids, ends = list(head), list[int]()
        for step in steps:
            ids += [*step, feed[-1]]
            ends.append(len(ids) - 1)
        body = {"model": model, "input": ids, "use_activation": False}
        rewards = _numbers(_row(await post("/pooling", body), 0, of=1))
        if len(rewards) != len(ids):
            raise ModelRequestRefused(
                f"The reward model gave {len(rewards)} token rewards for {len(ids)} tokens; serve "
                "it so that it pools nothing and gives one reward a token."
            )
        return [Judged(None, tuple(_sigmoid(rewards[end]) for end in ends))]


def _chat(problem: str, solution: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": problem}, {"role": "assistant", "content": solution}]


def _unmarked(text: str, mark: str) -> str:
    """Take a mark out of a text, which would count as one more step."""
    while mark in text:
        text = text.replace(mark, "")
    return text


def _per_step(rows: Sequence[Any], steps: int, *, column: int) -> Judged:
    if len(rows) != steps:
        raise ModelRequestRefused(
            f"The reward model gave {len(rows)} step scores for {steps} steps; check that it "
            "is served with the step mark of its format."
        )
    pairs = [_numbers(row) for row in rows]
    if any(len(pair) != 2 for pair in pairs):
        raise ModelRequestRefused(
            f"The reward model gave {len(pairs[0])} numbers for a step, not two probabilities; "
            "check that it is served with the format that was named."
        )
    return Judged(None, tuple(_probability(pair[column]) for pair in pairs))


def _entries(answer: Payload, key: str, count: int) -> list[Payload]:
    """Return the list under a key in the order of asking, whatever order it came in."""
    found = [cast(Payload, each) for each in _listed(answer.get(key)) if isinstance(each, dict)]
    if not found:
        raise _disagree(f"a list {key!r}", answer)
    placed = {each.get("index", place): each for place, each in enumerate(found)}
    if placed.keys() != set(range(count)):
        raise ModelRequestRefused(
            f"The reward model gave {len(found)} scores numbered {list(placed)!r} for {count} "
            f"solutions under {key!r}."
        )
    return [placed[place] for place in range(count)]


def _row(answer: Payload, place: int, *, of: int) -> list[Any]:
    return _listed(_entries(answer, "data", of)[place].get("data"))


def _last(entry: Payload, key: str, answer: Payload) -> float:
    numbers = _numbers(entry.get(key))
    if not numbers:
        raise _disagree(f"numbers under {key!r}", answer)
    return numbers[-1]


def _token_ids(answer: Payload) -> list[int]:
    ids = [each for each in _listed(answer.get("tokens")) if isinstance(each, int)]
    if not ids:
        raise _disagree("token numbers under 'tokens'", answer)
    return ids


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _numbers(value: Any) -> list[float]:
    if isinstance(value, list):
        return [number for each in _listed(value) for number in _numbers(each)]
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [float(value)] if usable and math.isfinite(value) else []


def _disagree(wanted: str, answer: Payload) -> ModelRequestRefused:
    return ModelRequestRefused(
        f"The reward model answered {str(answer)[:_SHOWN]!r}, expected {wanted}."
    )


def _squashed(value: float, logits: bool) -> float:
    return _sigmoid(value) if logits else _probability(value)


def _probability(value: float) -> float:
    """Return a probability as it is; numbers beyond by rounding are held to 0 and 1."""
    if not -1e-3 <= value <= 1 + 1e-3:
        raise ModelRequestRefused(
            f"The reward model gave {value:.4g} where a probability was expected; if its scores "
            "are logits, say logits=True."
        )
    return min(1.0, max(0.0, value))


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))
