"""The catalogue of mutation operators and their priors."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from refinegraph.tools.mutation import calls, operators, statements
from refinegraph.tools.mutation.sites import Site
from refinegraph.tools.mutation.source import Replacement


class MutationOperator(NamedTuple):
    """A way to change a program at one site."""

    name: str
    prior: float
    """How likely a change of this kind is to be a repair, relative to other kinds."""
    apply: Callable[[Site], Iterator[Replacement]]
    """Yields the changes that the operator can make at a site."""

    @property
    def summary(self) -> str:
        """One line about what the operator does."""
        return (self.apply.__doc__ or "").strip().splitlines()[0]


# The order follows the frequent one-line fixes of ManySStuBs4J (Karampatsis and Sutton, 2020):
# wrong operators, constants, names and calls before moved or missing statements. The values
# themselves are guesses; they only decide which of two changes to a line is tried first.
OPERATORS: tuple[MutationOperator, ...] = (
    MutationOperator("boundary", 1.0, operators.boundary),
    MutationOperator("opposite", 0.9, operators.opposite),
    MutationOperator("arithmetic", 0.9, operators.arithmetic),
    MutationOperator("missing-return", 0.9, statements.missing_return),
    MutationOperator("connective", 0.8, operators.connective),
    MutationOperator("negation", 0.8, operators.negation),
    MutationOperator("constant", 0.8, operators.constant),
    MutationOperator("off-by-one", 0.8, calls.off_by_one),
    MutationOperator("called-function", 0.8, calls.called_function),
    MutationOperator("dropped-operand", 0.6, operators.dropped_operand),
    MutationOperator("jump", 0.6, statements.jump),
    MutationOperator("swapped-arguments", 0.6, calls.swapped_arguments),
    MutationOperator("swapped-operands", 0.5, operators.swapped_operands),
    MutationOperator("variable", 0.6, calls.variable),
    MutationOperator("attribute", 0.5, calls.attribute),
    MutationOperator("sign", 0.5, operators.sign),
    MutationOperator("other-comparison", 0.4, operators.other_comparison),
    MutationOperator("moved-out", 0.4, statements.moved_out),
    MutationOperator("removed", 0.3, statements.removed),
    MutationOperator("assignment", 0.4, operators.assignment),
    MutationOperator("unguarded", 0.3, statements.unguarded),
    MutationOperator("returned-value", 0.3, statements.returned_value),
    MutationOperator("dropped-argument", 0.3, calls.dropped_argument),
    MutationOperator("unwrapped-call", 0.3, calls.unwrapped_call),
    MutationOperator("wrapped-name", 0.3, calls.wrapped_name),
    MutationOperator("moved-in", 0.3, statements.moved_in),
    MutationOperator("wider-except", 0.3, statements.wider_except),
    MutationOperator("guard", 0.3, statements.guard),
    MutationOperator("swapped-statements", 0.2, statements.swapped_statements),
)
