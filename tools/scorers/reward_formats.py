"""What served reward models are asked, and how their answers are read, one class a format."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from refinegraph.errors import ModelError
from refinegraph.tools.step_scores import product

Payload = dict[str, Any]


class Ask(NamedTuple):
    """One request to a server."""

    path: str
    body: Payload


class Judged(NamedTuple):
    """What a reward model said of one solution: a value, and one a step where it judges steps."""

    value: float
    steps: tuple[float, ...] = ()


class RewardFormat(Protocol):
    """How one kind of reward model is asked about a solution and understood."""

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Return the requests for one solution."""
        ...

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Return the judgement in the answers; raises `ModelError` where shapes disagree."""
        ...


class Outcome:
    """An outcome reward model behind vLLM's `/pooling` (InternLM2 and Skywork rewards).

    Its one number, or its last where it gives one a token, goes through a sigmoid as MAgICoRe has
    it (arXiv 2409.12147).
    """

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask about the whole conversation."""
        return [Ask("/pooling", {"model": model, "messages": _chat(problem, solution)})]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Squash the last number."""
        numbers = _flat(_pooled(answers[0]))
        if not numbers:
            raise _disagree("a number", answers[0])
        return Judged(_sigmoid(numbers[-1]))


class Classify:
    """A sequence classifier behind vLLM's `/classify`; the last class is "right"."""

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask about problem and solution as one text."""
        return [Ask("/classify", {"model": model, "input": f"{problem}\n\n{solution}"})]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Take the last probability; a lone number goes through a sigmoid unless it is one."""
        probs = _flat(_first(answers[0], "data").get("probs", []))
        if not probs:
            raise _disagree("probabilities", answers[0])
        return Judged(_as_probability(probs[-1]))


class Rerank:
    """A reranker behind llama.cpp's or vLLM's `/v1/rerank`; relevance goes through a sigmoid."""

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask how well the solution answers the problem."""
        return [
            Ask("/v1/rerank", {"model": model, "query": problem, "documents": [solution]}),
        ]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Squash the relevance."""
        found = _first(answers[0], "results").get("relevance_score")
        if not isinstance(found, (int, float)):
            raise _disagree("a relevance score", answers[0])
        return Judged(_as_probability(float(found)))


class QwenProcess:
    """Qwen2.5-Math-PRM (arXiv 2501.07301) behind vLLM's `/pooling`: `<extra_0>` after each step."""

    mark = "<extra_0>"
    system = r"Please reason step by step, and put your final answer within \boxed{}."

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask with a mark after every step."""
        marked = "".join(f"{step}{self.mark}" for step in steps)
        messages = [{"role": "system", "content": self.system}, *_chat(problem, marked)]
        return [Ask("/pooling", {"model": model, "messages": messages})]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Take the second probability at each mark."""
        return _per_step(_pooled(answers[0]), steps, column=1)


class MathShepherd:
    """Math-Shepherd (arXiv 2312.08935) behind vLLM's `/pooling`: `ки` after each step.

    The server has to be told the mark and the tokens `+` and `-` (pooling type STEP).
    """

    mark = " ки"

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask with a mark after every step, each named by its number."""
        numbered = [
            step if step.lower().startswith("step") else f"Step {number}: {step}"
            for number, step in enumerate(steps, 1)
        ]
        text = f"{problem} " + "\n".join(f"{step}{self.mark}" for step in numbered)
        return [Ask("/pooling", {"model": model, "input": text})]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Take the first probability at each mark."""
        return _per_step(_pooled(answers[0]), steps, column=0)


class TokenRewards:
    """A model with one reward a token (Skywork-o1-Open-PRM), cut where each step ends.

    The server's `/tokenize` says where that is: two requests more than the other formats need.
    """

    def asks(self, model: str, problem: str, solution: str, steps: Sequence[str]) -> list[Ask]:
        """Ask for all rewards, and for the length of the text up to the end of each step."""
        prefixes = [f"{problem}\n" + "\n".join(steps[: end + 1]) for end in range(len(steps))]
        asks = [Ask("/tokenize", {"model": model, "prompt": prefix}) for prefix in prefixes]
        whole = prefixes[-1] if prefixes else problem
        return [Ask("/pooling", {"model": model, "input": whole}), *asks]

    def read(self, answers: Sequence[Payload], steps: Sequence[str]) -> Judged:
        """Squash the reward of each step's last token."""
        rewards = [_flat(row)[-1] for row in _pooled(answers[0])]
        ends = [int(answer.get("count", 0)) - 1 for answer in answers[1:]]
        if any(not 0 <= end < len(rewards) for end in ends):
            raise ModelError(
                f"the reward model gave {len(rewards)} token rewards for a text of "
                f"{max(ends, default=0) + 1} tokens; serve it with one reward a token."
            )
        values = tuple(_sigmoid(rewards[end]) for end in ends)
        return Judged(product(values), values)


def _chat(problem: str, solution: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": problem}, {"role": "assistant", "content": solution}]


def _per_step(rows: Sequence[Any], steps: Sequence[str], *, column: int) -> Judged:
    if len(rows) != len(steps):
        raise ModelError(
            f"the reward model gave {len(rows)} step scores for {len(steps)} steps; check that it "
            "is served with the step mark of its format."
        )
    values = tuple(_flat(row)[column] for row in rows)
    return Judged(product(values), values)


def _pooled(answer: Payload) -> list[Any]:
    return _listed(_first(answer, "data").get("data"))


def _first(answer: Payload, key: str) -> Payload:
    found = _listed(answer.get(key))
    if not isinstance(found[0] if found else None, dict):
        raise _disagree(f"a list {key!r}", answer)
    first: Payload = found[0]
    return first


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _flat(value: Any) -> list[float]:
    if isinstance(value, list):
        return [number for each in _listed(value) for number in _flat(each)]
    return [float(value)] if isinstance(value, (int, float)) else []


def _disagree(wanted: str, answer: Payload) -> ModelError:
    return ModelError(f"the reward model answered {str(answer)[:200]!r}, expected {wanted}.")


def _as_probability(value: float) -> float:
    return value if 0.0 <= value <= 1.0 else _sigmoid(value)


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))
