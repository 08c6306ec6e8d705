"""An endless stream of documents, in chunks that depend only on their number."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tokenizers import Tokenizer

from training.branches import Tree
from training.trees import Batch, Document, as_batch, as_document

BATCH_TOKENS = 4096
"""Tokens per batch. Small batches allow many steps, and larger ones are hardly faster per token on
two cores."""
CHUNK = 400
"""Tasks per chunk: few enough for a run to start quickly, enough to sort by length."""
LONGEST = 1200
"""Maximum tokens of a tree. Longer ones, about two in a hundred, cost too much attention and are
omitted."""


def copying(number: int, tokenizer: Tokenizer) -> list[Document]:
    """Return documents that repeat a sequence of random tokens, mostly digits."""
    rng = random.Random(f"copy {number}")
    digits = tokenizer.encode("0123456789").ids
    common = range(257, tokenizer.get_vocab_size())
    return [_copied(rng, digits, common) for _ in range(2 * CHUNK)]


def _copied(rng: random.Random, digits: Sequence[int], common: Sequence[int]) -> Document:
    repeated = [
        rng.choice(digits if rng.random() < 0.3 else common) for _ in range(rng.randint(3, 12))
    ]
    between = rng.choices(common, k=rng.randint(0, 6))
    tokens = [*repeated, *between, *repeated]
    weights = [0.0] * (len(repeated) + len(between)) + [1.0] * (len(repeated) - 1)
    size = len(tokens) - 1
    line = frozenset({0})
    return Document(tokens[:-1], tokens[1:], weights, list(range(size)), [0] * size, [line])


def tokenized(trees: Sequence[Tree], tokenizer: Tokenizer) -> list[Document]:
    """Return the trees as documents, without those that are too long."""
    documents = (as_document(tree, tokenizer) for tree in trees)
    return [document for document in documents if len(document.tokens) <= LONGEST]


class Place(NamedTuple):
    """The position of a run in the stream."""

    chunk: int
    batch: int
    """The index of the batch within its chunk."""


def batches(
    documents: Callable[[int], list[Document]], *, first: Place
) -> Iterator[tuple[Place, Batch]]:
    """Yield batches of documents of similar length, starting at a position, without end."""
    chunk, skipped = first
    while True:
        by_length = sorted(documents(chunk), key=lambda document: len(document.tokens))
        groups = list(grouped(by_length))
        random.Random(chunk).shuffle(groups)
        for number, group in enumerate(groups[skipped:], skipped):
            yield Place(chunk, number), as_batch(group)
        chunk, skipped = chunk + 1, 0


def grouped(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield groups of documents sorted by length, each of which fills a batch."""
    group: list[Document] = []
    for document in documents:
        if group and (len(group) + 1) * len(document.tokens) > BATCH_TOKENS:
            yield group
            group = []
        group.append(document)
    if group:
        yield group
