"""One policy after the other."""

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import NOTHING_LEFT, Choice, Policy, as_decision
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Feature
from refinegraph.support.awaiting import settle
from refinegraph.support.signatures import check_part


class in_turn:
    """Follow a policy until it stops, then the next one; the last one's reason ends the run.

    A policy that has stopped is not asked again, whatever the later ones make. Each sees the whole
    run, but not what the others noted in their decisions. The number of the policy is noted in its
    decisions. Costs what the policies ask for.

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
        """Return what the first policy that goes on wants."""
        last: Choice = NOTHING_LEFT
        for number in range(_reached(state), len(self.policies)):
            view = _own_view(state, number)
            chosen = as_decision(await settle(self.policies[number](view)), view)
            if chosen.moves:
                features = (*chosen.features, Feature(name=_NUMBER, value=number))
                return chosen.model_copy(update={"features": features})
            last = chosen
        return last

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"in_turn({', '.join(map(repr, self.policies))})"


_NUMBER = "policy in turn"


def _own_view(state: RefinementState, number: int) -> RefinementState:
    own = Feature(name=_NUMBER, value=number)
    decisions = tuple(
        made if own in made.features else made.model_copy(update={"features": ()})
        for made in state.decisions
    )
    return state.model_copy(update={"decisions": decisions})


def _reached(state: RefinementState) -> int:
    """Return the number of the policy that decided last."""
    numbers = (
        int(feature.value)
        for decision in reversed(state.decisions)
        for feature in decision.features
        if feature.name == _NUMBER
    )
    return next(numbers, 0)
