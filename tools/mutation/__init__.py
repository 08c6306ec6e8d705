"""Generate small changes to a program, the likeliest repairs first, without a model."""

from refinegraph.tools.mutation.catalogue import OPERATORS, MutationOperator
from refinegraph.tools.mutation.search import Mutation, mutations

__all__ = ["OPERATORS", "Mutation", "MutationOperator", "mutations"]
