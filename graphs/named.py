"""Routers, stop rules, selectors and policies by name, for the command line and files.

The tables below define all names. Texts such as `rounds(3) | budget(tokens=20_000)` are parsed,
never evaluated: only calls of rules in the table with literal numbers, `|`, `&`, `~` and
parentheses are allowed.
"""

from typing import TYPE_CHECKING, Any

from refinegraph.graphs.parts import Named, Parameter, Part, build
from refinegraph.values import Number

if TYPE_CHECKING:
    from refinegraph.graphs.policies.base import Policy
    from refinegraph.graphs.stopping import StopRule
    from refinegraph.graphs.strategies import Plan

_COUNT = Number("N", whole=True, minimum=1)
_FROM_ZERO = Number("N", whole=True, minimum=0)
_SHARE = Number("X", minimum=0, maximum=1)
_AMOUNT = Number("X", above=0)


STOP_RULES = (
    Part("accepted", "graphs.stopping:accepted", "a candidate passes every visible test"),
    Part(
        "rounds",
        "graphs.stopping:rounds",
        "N rounds of refinement are done",
        (Parameter("limit", _FROM_ZERO, required=True, positional=True),),
    ),
    Part(
        "stalled",
        "graphs.stopping:stalled",
        "the best score has not risen for N rounds",
        (
            Parameter("patience", _COUNT, required=True, positional=True),
            Parameter("minimum_gain", Number("X")),
        ),
    ),
    Part("oscillating", "graphs.stopping:oscillating", "a round only repeated earlier candidates"),
    Part(
        "same_failure",
        "graphs.stopping:same_failure",
        "every repair failed like its ancestors, N times in a row",
        (Parameter("times", Number("N", whole=True, minimum=2), positional=True),),
    ),
    Part(
        "budget",
        "graphs.stopping:budget",
        "a limit is reached: usd, tokens, calls or seconds",
        (
            Parameter("usd", _AMOUNT),
            Parameter("tokens", _COUNT),
            Parameter("calls", _COUNT),
            Parameter("seconds", _AMOUNT),
        ),
    ),
)

ROUTERS = (
    Part(
        "agreement",
        "graphs.routing:AgreementRouter",
        "easy when enough samples agree",
        (Parameter("threshold", _SHARE),),
    ),
    Part("verdict", "graphs.routing:VerdictRouter", "easy when a candidate passes every test"),
    Part(
        "magicore",
        "graphs.routing:MagicoreRouter",
        "the two conditions of MAgICoRe (arXiv 2409.12147)",
        (
            Parameter("mean", Number("X")),
            Parameter("deviation", _AMOUNT),
            Parameter("quality", Number("X")),
            Parameter("confidence", Number("X")),
        ),
    ),
    Part("always-easy", "graphs.routing:AlwaysEasy", "nothing is refined"),
    Part("always-hard", "graphs.routing:AlwaysHard", "every problem is refined"),
)

SELECTORS = (
    Part("best-of", "graphs.selection:best_of", "the candidate with the best evidence"),
    Part("majority-vote", "graphs.selection:majority_vote", "the answer that most candidates give"),
    Part(
        "weighted-vote",
        "graphs.selection:weighted_vote",
        "the answer with the largest sum of scores",
        (Parameter("top", _COUNT),),
    ),
    Part("agreement", "graphs.selection:agreement", "the program that agrees with most others"),
    Part("latest", "graphs.selection:latest", "the last refinement"),
)

POLICIES = (
    Part(
        "refine-loop",
        "graphs.policies.refine_loop:RefineLoop",
        "route, then refine until a stop rule fires",
    ),
    Part(
        "execution-gain",
        "graphs.policies.execution_gain:ExecutionGain",
        "weigh samples against repairs",
    ),
    Part(
        "expected-gain",
        "graphs.policies.expected_gain:ExpectedGain",
        "spend while the gain is worth it",
    ),
)

PROMPT_SETS = ("standard", "compact", "compact2", "embedded")
"""The names of the prompt sets in `refinegraph.agents.prompts`."""


class StopExpression(Named):
    """A stop rule, or a text such as `rounds(3) | accepted()`."""

    def __init__(self) -> None:
        super().__init__("stop rule", STOP_RULES, "RULE")

    def check(self, value: Any) -> Any:
        """Return an object unchanged, and a text in its normalised form."""
        return repr(parse_stop(value)) if isinstance(value, str) else super().check(value)

    def build(self, value: Any) -> Any:
        """Return the rule."""
        return parse_stop(value) if isinstance(value, str) else value


def parse_stop(text: str) -> "StopRule":
    """Return the stop rule that a text denotes; raise `UnfitValue` if it is invalid.

    >>> parse_stop("rounds(3)|(accepted() & ~budget(tokens=20_000))")
    rounds(3) | accepted() & ~budget(tokens=20000)
    """
    rule: StopRule = build(text, "stop rule", STOP_RULES, combines=True)
    return rule


def build_policy(name: str, plan: "Plan") -> "Policy":
    """Return the policy with a name, configured with the sizes and rules of a plan."""
    from refinegraph.graphs.policies.refine_loop import RefineLoop
    from refinegraph.graphs.routing import VerdictRouter
    from refinegraph.graphs.stopping import accepted, rounds
    from refinegraph.graphs.strategies.adaptive import policy_for_answers, policy_for_code

    max_candidates = plan.samples or 10
    if name == "execution-gain":
        return policy_for_code(plan, max_candidates)
    if name == "expected-gain":
        return policy_for_answers(plan, max_candidates)
    limit = 3 if plan.rounds is None else plan.rounds
    stop = plan.stop_rule(accepted() | rounds(limit))
    return RefineLoop(router=plan.router or VerdictRouter(), stop=stop)
