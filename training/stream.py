"""Documents without end, in chunks that depend on nothing but their number."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tokenizers import Tokenizer

from training.branches import Tree
from training.trees import Batch, Document, as_batch, as_document

BATCH_TOKENS = 4096
"""Small batches make many steps, and on two cores larger ones are hardly faster a token."""
CHUNK = 400
"""Tasks in a chunk: few enough that a run begins at once, many enough to sort by length."""
LONGEST = 1200
"""Tokens of a tree; longer ones, two in a hundred, cost too much attention and are left out."""


def copying(number: int, tokenizer: Tokenizer) -> list[Document]:
    """Return documents in which random tokens are said twice: digits above all."""
    rng = random.Random(f"copy {number}")
    digits = tokenizer.encode("0123456789").ids
    common = range(257, tokenizer.get_vocab_size())
    return [_copied(rng, digits, common) for _ in range(2 * CHUNK)]


def _copied(rng: random.Random, digits: Sequence[int], common: Sequence[int]) -> Document:
    said = [rng.choice(digits if rng.random() < 0.3 else common) for _ in range(rng.randint(3, 12))]
    between = rng.choices(common, k=rng.randint(0, 6))
    tokens = [*said, *between, *said]
    weights = [0.0] * (len(said) + len(between)) + [1.0] * (len(said) - 1)
    size = len(tokens) - 1
    line = frozenset({0})
    return Document(tokens[:-1], tokens[1:], weights, list(range(size)), [0] * size, [line])


def tokenized(trees: Sequence[Tree], tokenizer: Tokenizer) -> list[Document]:
    """Return the trees as documents, those that are too long left out."""
    documents = (as_document(tree, tokenizer) for tree in trees)
    return [document for document in documents if len(document.tokens) <= LONGEST]


class Place(NamedTuple):
    """Where a run is in the stream."""

    chunk: int
    batch: int
    """The number of the batch in its chunk."""


def batches(
    documents: Callable[[int], list[Document]], *, first: Place
) -> Iterator[tuple[Place, Batch]]:
    """Yield batches of documents of about the same length from a place on, without end."""
    chunk, skipped = first
    while True:
        found = sorted(documents(chunk), key=lambda document: len(document.tokens))
        groups = list(grouped(found))
        random.Random(chunk).shuffle(groups)
        for number, group in enumerate(groups[skipped:], skipped):
            yield Place(chunk, number), as_batch(group)
        chunk, skipped = chunk + 1, 0


def grouped(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield groups of documents, sorted by length, that fill a batch each."""
    group: list[Document] = []
    for document in documents:
        if group and (len(group) + 1) * len(document.tokens) > BATCH_TOKENS:
            yield group
            group = []
        group.append(document)
    if group:
        yield group
