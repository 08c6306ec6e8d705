"""The parts of every strategy, with their sizes, limits and temperatures.

A part is shown by its repr, without long texts, and by the numbers that its repr leaves out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langgraph.store.memory import InMemoryStore

from refinegraph.agents.environments import ToolUse
from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import RefinementGraph, SearchGraph
from refinegraph.graphs.strategies import STRATEGIES, Plan, find_strategy, gallery_names
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.tools.scorers import agreement

EXAMPLES = (LabelledProblem(Problem(prompt="2 + 2?", kind="math"), Gold(answer="4")),)
TEXT = re.compile(r"(?<=[(=\[ ])(['\"])(?:(?!\1)[^\\]|\\.){50,}?\1(?=[,)\]])")
REPEATED = re.compile(r"\b([a-z][\w.]*(?:\([^()]*\))?)(?:, \1)+(?![\w(])")
NAMES = (*STRATEGIES, *gallery_names())
LEFT_OUT = ("models", "evidence")
"""Parts that depend on the plan alone."""


@dataclass(frozen=True, kw_only=True)
class Recording(Plan):
    """A plan that notes the parts of the graphs that are built from it."""

    parts: list[str] = field(default_factory=list[str])

    def graph(self, name: str, **parts: Any) -> RefinementGraph:
        """Note the parts of a refinement graph."""
        self.parts.extend(shown(parts))
        return super().graph(name, **parts)

    def search(self, name: str, **parts: Any) -> SearchGraph:
        """Note the parts of a search graph."""
        self.parts.extend(shown(parts))
        return super().search(name, **parts)


def shown(parts: Mapping[str, object]) -> Iterator[str]:
    """Yield one line for each part, and for each operator and its stages."""
    for name, part in parts.items():
        if isinstance(part, Mapping):
            yield from (f"{name} {key}: {line}" for key, one in part.items() for line in lines(one))
        elif part is not None and name not in LEFT_OUT:
            yield from (f"{name}: {line}" for line in lines(part))


def lines(part: object) -> Iterator[str]:
    """Yield the repr of a part, and the settings of its models where it does not show them."""
    for one in getattr(part, "stages", (part,)):
        settings = settings_of(one)
        yield plain(one) + (f" with {settings}" if settings else "")


def settings_of(part: object) -> str:
    """Return the numbers that a part, or what it wraps, was made with."""
    names = ("temperature", "samples", "limit", "rounds", "width", "orders", "max_candidates")
    found: list[str] = []
    for holder in (part, getattr(part, "sampling", None), getattr(part, "inner", None)):
        for name in names:
            value = getattr(holder, name, None)
            if isinstance(value, int | float):
                found.append(f"{name} {value}")
    return ", ".join(dict.fromkeys(found))


def plain(part: object) -> str:
    """Return a repr without what differs between two runs."""
    words = repr(part)
    words = re.sub(r"<function (?:[\w.]*<locals>\.)?([\w<>]+) at 0x\w+>", r"\1", words)
    words = re.sub(r"<bound method ([\w.]+) of .*?>", r"\1", words)
    words = TEXT.sub("a text", words)
    words = REPEATED.sub(lambda same: f"{same[1]} {same[0].count(same[1])} times", words)
    return re.sub(r" at 0x\w+", "", words)


def described(name: str) -> str:
    """Return the parts of a strategy by default, and those that differ with sizes of its own."""
    default = parts_of(name, None, None)
    sized = [part for part in parts_of(name, 3, 2) if part not in default]
    told = [f"{name}:", *default]
    told += ["with 3 samples and 2 rounds:", *sized] if sized else []
    return "\n  ".join(told) + "\n"


def parts_of(name: str, samples: int | None, rounds: int | None) -> list[str]:
    """Return the parts that a strategy passes to its graph."""
    plan = Recording(
        model=ScriptedChatModel([]),
        samples=samples,
        rounds=rounds,
        environment=lambda: ToolUse([]),
        likelihood=_unmeasured,
        scorer=agreement() if "scorer" in find_strategy(name).needs else None,
        user=str,
        examples=EXAMPLES,
        checker=_unchecked,
        memory=StoreMemory(InMemoryStore()),
    )
    find_strategy(name).build(plan)
    return list(dict.fromkeys(plan.parts))


async def _unmeasured(messages: object, text: str) -> Any:
    raise NotImplementedError("the graph is not run")


async def _unchecked(problem: object, candidate: object, tests: object) -> Any:
    raise NotImplementedError("the graph is not run")
