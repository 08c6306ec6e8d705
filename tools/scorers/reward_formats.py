"""Request and response formats of served reward models, one class per format."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

from refinegraph.errors import ModelRequestRefused
from refinegraph.tools.scorers.reward_server import Payload

Post = Callable[[str, Payload], Awaitable[Payload]]
"""A function that posts a body to a path and returns the JSON object of the response."""

_QUOTED = 200
"""Characters of an unexpected response that an error message quotes: a choice."""


class Case(NamedTuple):
    """One solution to judge; also the key under which its judgement is cached."""

    problem: str
    solution: str
    steps: tuple[str, ...]


class Judged(NamedTuple):
    """A reward model's judgement: the value of the outcome, or one value per step."""

    value: float | None
    steps: tuple[float, ...] = ()


class RewardFormat(Protocol):
    """The requests and responses of one kind of reward model."""

    max_batch: int | None
    """Largest number of solutions per request; None for any number."""

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Return one judgement per case, all of the same problem.

        Raises `ModelRequestRefused` if the response has an unexpected shape.
        """
        ...


class Outcome:
    """An outcome reward model behind vLLM's `/pooling`, such as InternLM2's and Skywork's.

    Its number, or the last one if it returns one per token, goes through a sigmoid as in MAgICoRe
    (arXiv 2409.12147).
    """

    max_batch: int | None = 1

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Send problem and solution as a conversation."""
        body = {"model": model, "messages": _chat(cases[0].problem, cases[0].solution)}
        answer = await post("/pooling", {**body, "use_activation": False})
        numbers = _numbers(_row(answer, 0, of=1))
        if not numbers:
            raise _disagree("a number", answer)
        return [Judged(_sigmoid(numbers[-1]))]


class Classify:
    """A sequence classifier behind vLLM's `/classify`; the last class is "right"."""

    max_batch: int | None = None

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Send problem and solution as one text."""
        texts = [f"{case.problem}\n\n{case.solution}" for case in cases]
        answer = await post("/classify", {"model": model, "input": texts})
        return [
            Judged(_probability(_last(entry, "probs", answer)))
            for entry in _entries(answer, "data", len(cases))
        ]


class Pair:
    """A cross-encoder of problem and solution behind vLLM's `/score`.

    vLLM returns probabilities. If the server returns `logits`, they go through a sigmoid.
    """

    max_batch: int | None = None

    def __init__(self, *, logits: bool = False) -> None:
        self.logits = logits

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Request the score of every solution as an answer to the problem."""
        solutions = [case.solution for case in cases]
        body = {"model": model, "text_1": cases[0].problem, "text_2": solutions}
        answer = await post("/score", body)
        entries = _entries(answer, "data", len(cases))
        return [Judged(_squashed(_last(entry, "score", answer), self.logits)) for entry in entries]


class Rerank:
    """A reranker behind llama.cpp's or vLLM's `/v1/rerank`.

    vLLM returns probabilities, and so does llama.cpp for Qwen3-Reranker. For most other models
    llama.cpp returns `logits`, which go through a sigmoid.
    """

    max_batch: int | None = None

    def __init__(self, *, logits: bool = False) -> None:
        self.logits = logits

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Request the relevance of every solution to the problem."""
        solutions = [case.solution for case in cases]
        body = {"model": model, "query": cases[0].problem, "documents": solutions}
        answer = await post("/v1/rerank", {**body, "top_n": len(cases)})
        entries = _entries(answer, "results", len(cases))
        relevance = (_last(entry, "relevance_score", answer) for entry in entries)
        return [Judged(_squashed(value, self.logits)) for value in relevance]


class QwenProcess:
    """Qwen2.5-Math-PRM (arXiv 2501.07301) behind vLLM's `/pooling`; `<extra_0>` ends every step."""

    max_batch: int | None = 1
    mark = "<extra_0>"
    system = r"Please reason step by step, and put your final answer within \boxed{}."

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Send a mark after every step; the second probability at a mark is the step's value."""
        steps = [_unmarked(step, self.mark) for step in cases[0].steps]
        problem = _unmarked(cases[0].problem, self.mark)
        marked = _chat(problem, "".join(f"{step}{self.mark}" for step in steps))
        messages = [{"role": "system", "content": self.system}, *marked]
        answer = await post("/pooling", {"model": model, "messages": messages})
        return [_per_step(_row(answer, 0, of=1), len(steps), column=1)]


class MathShepherd:
    """Math-Shepherd (arXiv 2312.08935) behind vLLM's `/pooling`; `ки` ends every step.

    Configure the server with the pooling type STEP, the mark's token as `step_tag_id`, and the
    tokens of `+` and `-`, in this order, as `returned_token_ids`.
    """

    max_batch: int | None = None
    mark = "ки"

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Send a mark after every step; the first probability at a mark, of `+`, is the value."""
        answer = await post("/pooling", {"model": model, "input": list(map(self._text, cases))})
        return [
            _per_step(_row(answer, index, of=len(cases)), len(case.steps), column=0)
            for index, case in enumerate(cases)
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
    """Skywork-o1-Open-PRM behind vLLM's `/pooling`: one reward per token, read where steps end.

    Every step ends with a line feed, whose reward goes through a sigmoid. The positions of these
    tokens come from the server's `/tokenize`, which takes one more request per step but runs no
    model.
    """

    max_batch: int | None = 1
    start = "<|endoftext|>"

    async def judge(self, post: Post, model: str, cases: Sequence[Case]) -> list[Judged]:
        """Request the rewards of all tokens and keep those at the end of a step."""

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
                f"The reward model returned {len(rewards)} token rewards for {len(ids)} tokens; "
                "serve it without pooling, so that it returns one reward per token."
            )
        return [Judged(None, tuple(_sigmoid(rewards[end]) for end in ends))]


def _chat(problem: str, solution: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": problem}, {"role": "assistant", "content": solution}]


def _unmarked(text: str, mark: str) -> str:
    """Remove a mark from a text in which it would count as the end of a step."""
    while mark in text:
        text = text.replace(mark, "")
    return text


def _per_step(rows: Sequence[Any], steps: int, *, column: int) -> Judged:
    if len(rows) != steps:
        raise ModelRequestRefused(
            f"The reward model returned {len(rows)} step scores for {steps} steps; check that it "
            "is served with the step mark of its format."
        )
    pairs = [_numbers(row) for row in rows]
    if any(len(pair) != 2 for pair in pairs):
        raise ModelRequestRefused(
            f"The reward model returned {len(pairs[0])} numbers for a step instead of two "
            "probabilities; check that it is served in the requested format."
        )
    return Judged(None, tuple(_probability(pair[column]) for pair in pairs))


def _entries(answer: Payload, key: str, count: int) -> list[Payload]:
    """Return the entries of a list in the order of the request, whatever order they came in."""
    entries = [cast(Payload, item) for item in _listed(answer.get(key)) if isinstance(item, dict)]
    if not entries:
        raise _disagree(f"a list {key!r}", answer)
    by_index = {entry.get("index", position): entry for position, entry in enumerate(entries)}
    if by_index.keys() != set(range(count)):
        raise ModelRequestRefused(
            f"The reward model returned {len(entries)} scores with the indices "
            f"{list(by_index)!r} under {key!r} for {count} solutions."
        )
    return [by_index[index] for index in range(count)]


def _row(answer: Payload, index: int, *, of: int) -> list[Any]:
    return _listed(_entries(answer, "data", of)[index].get("data"))


def _last(entry: Payload, key: str, answer: Payload) -> float:
    numbers = _numbers(entry.get(key))
    if not numbers:
        raise _disagree(f"numbers under {key!r}", answer)
    return numbers[-1]


def _token_ids(answer: Payload) -> list[int]:
    ids = [token for token in _listed(answer.get("tokens")) if isinstance(token, int)]
    if not ids:
        raise _disagree("token ids under 'tokens'", answer)
    return ids


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _numbers(value: Any) -> list[float]:
    if isinstance(value, list):
        return [number for item in _listed(value) for number in _numbers(item)]
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [float(value)] if usable and math.isfinite(value) else []


def _disagree(wanted: str, answer: Payload) -> ModelRequestRefused:
    return ModelRequestRefused(
        f"The reward model returned {str(answer)[:_QUOTED]!r}, expected {wanted}."
    )


def _squashed(value: float, logits: bool) -> float:
    return _sigmoid(value) if logits else _probability(value)


def _probability(value: float) -> float:
    """Return a probability, clamping values that rounding moved outside 0 to 1."""
    if not -1e-3 <= value <= 1 + 1e-3:
        raise ModelRequestRefused(
            f"The reward model returned {value:.4g} instead of a probability; if its scores are "
            "logits, set logits=True."
        )
    return min(1.0, max(0.0, value))


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))
