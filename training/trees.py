"""Trees as token sequences, and batches of them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.branches import Tree
from training.tokens import end_token

NEVER = -1e4
"""Added to the attention score of a hidden token; -inf would turn empty rows into NaN."""


class Document(NamedTuple):
    """A tree as tokens, with everything that a batch needs."""

    tokens: list[int]
    targets: list[int]
    weights: list[float]
    positions: list[int]
    owners: list[int]
    """The index of the branch of every token."""
    lines: list[frozenset[int]]
    """For every branch, the branches on its path from the root, including itself."""


def as_document(tree: Tree, tokenizer: Tokenizer) -> Document:
    """Return a tree as tokens."""
    document = Document([], [], [], [], [], [])
    end = end_token(tokenizer)
    ends: list[int] = []
    for number, branch in enumerate(tree.branches):
        read = tokenizer.encode(branch.read).ids if branch.read else []
        written = tokenizer.encode(branch.write).ids if branch.write else []
        first = ends[branch.parent] if branch.parent >= 0 else 0
        ids = [*read, *written]
        ends.append(first + len(ids))
        foreseen = [*ids[1:], end if written else 0]
        counted = [branch.read_weight] * (len(read) - 1)
        counted += [branch.weight] * (len(written) + 1) if written else [0.0]
        document.tokens.extend(ids)
        document.targets.extend(foreseen)
        document.weights.extend(counted)
        document.positions.extend(range(first, first + len(ids)))
        document.owners.extend([number] * len(ids))
        above = document.lines[branch.parent] if branch.parent >= 0 else frozenset[int]()
        document.lines.append(above | {number})
    return document


class Batch(NamedTuple):
    """Documents stacked in one batch, padded to the longest."""

    tokens: Tensor
    targets: Tensor
    weights: Tensor
    positions: Tensor
    mask: Tensor
    """The values added to the attention scores, one square matrix per document."""

    @property
    def size(self) -> int:
        """The number of tokens without padding."""
        return int((self.tokens > 0).sum())


def as_batch(documents: Sequence[Document]) -> Batch:
    """Stack documents of similar length in one batch."""
    longest = max(len(document.tokens) for document in documents)
    size = (len(documents), longest)
    tokens, targets = torch.zeros(size, dtype=torch.long), torch.zeros(size, dtype=torch.long)
    weights, positions = torch.zeros(size), torch.zeros(size, dtype=torch.long)
    hidden = torch.ones(len(documents), longest, longest, dtype=torch.bool)
    for row, document in enumerate(documents):
        length = len(document.tokens)
        tokens[row, :length] = torch.tensor(document.tokens)
        targets[row, :length] = torch.tensor(document.targets)
        weights[row, :length] = torch.tensor(document.weights)
        positions[row, :length] = torch.tensor(document.positions)
        hidden[row, :length, :length] = ~_visible(document)
    hidden[:, torch.arange(longest), torch.arange(longest)] = False
    mask = torch.zeros(hidden.shape, dtype=torch.bfloat16).masked_fill_(hidden, NEVER)
    return Batch(tokens, targets, weights, positions, mask[:, None])


def _visible(document: Document) -> Tensor:
    """Return which tokens each token may attend to: earlier ones on its path from the root."""
    count = len(document.lines)
    related = torch.zeros(count, count, dtype=torch.bool)
    for number, line in enumerate(document.lines):
        related[number, list(line)] = True
    owners = torch.tensor(document.owners)
    return related[owners][:, owners].tril()
