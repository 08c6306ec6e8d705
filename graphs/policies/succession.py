"""Apply several policies in sequence."""

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import NOTHING_LEFT, Choice, Policy, as_decision
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Feature
from refinegraph.support.awaiting import settle
from refinegraph.support.signatures import check_part


class in_turn:
    """Follow a policy until it stops, then the next one; the last one's reason ends the run.

    A policy that has stopped is not asked again. Each policy sees the whole run, except for the
    features that other policies recorded in their decisions. A decision records the number of its
    policy. Costs what the policies request.

    >>> from refinegraph.graphs.policies import move, schedule, uct
    >>> in_turn(uct("step"), schedule(move("write")))
    in_turn(uct('step'), schedule(Move(operator='write', parents=(), count=1, instruction='', \
keep=None)))
    """

    def __init__(self, *policies: Policy) -> None:
        if not policies:
            raise InputError("in_turn needs at least one policy, such as uct('refine').")
        for policy in policies:
            check_part(policy, "a policy", "state")
        self.policies = policies

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the choice of the first policy that continues."""
        last: Choice = NOTHING_LEFT
        for number in range(_reached(state), len(self.policies)):
            view = _own_view(state, number)
            decision = as_decision(await settle(self.policies[number](view)), view)
            if decision.moves:
                features = (*decision.features, Feature(name=_NUMBER, value=number))
                return decision.model_copy(update={"features": features})
            last = decision
        return last

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"in_turn({', '.join(map(repr, self.policies))})"


_NUMBER = "policy in turn"


def _own_view(state: RefinementState, number: int) -> RefinementState:
    own = Feature(name=_NUMBER, value=number)
    decisions = tuple(
        decision if own in decision.features else decision.model_copy(update={"features": ()})
        for decision in state.decisions
    )
    return state.model_copy(update={"decisions": decisions})


def _reached(state: RefinementState) -> int:
    """Return the number of the policy that made the last decision."""
    numbers = (
        int(feature.value)
        for decision in reversed(state.decisions)
        for feature in decision.features
        if feature.name == _NUMBER
    )
    return next(numbers, 0)
