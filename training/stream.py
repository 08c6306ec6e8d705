"""Documents without end, in chunks that depend on nothing but their number."""

import random
from collections.abc import Callable, Iterator, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from refinegraph.embedded.tasks import Task, generate_tasks
from training.documents import Document, repairing, solving
from training.mistakes import made_up_attempt
from training.practice import Practice

BATCH_TOKENS = 3072
CHUNK = 768
OWN_SHARE = 0.85
"""Of the documents that review and refine, those about mistakes of the model's own."""
_VAGUE = (0.25, 0.25, 0.4)

Batch = tuple[Tensor, Tensor, Tensor]
"""Tokens, targets and weights, one document a row."""


def copying(number: int, tokenizer: Tokenizer) -> list[Document]:
    """Return documents in which random tokens are said twice: digits above all."""
    rng = random.Random(f"copy {number}")
    digits = [tokenizer.token_to_id(str(digit)) for digit in range(10)]
    common = range(257, tokenizer.get_vocab_size())
    return [_copied(rng, digits, common) for _ in range(CHUNK)]


def _copied(rng: random.Random, digits: Sequence[int], common: Sequence[int]) -> Document:
    said = [rng.choice(digits if rng.random() < 0.3 else common) for _ in range(rng.randint(3, 12))]
    between = rng.choices(common, k=rng.randint(0, 6))
    tokens = [*said, *between, *said]
    weights = [0.0] * (len(said) + len(between)) + [1.0] * (len(said) - 1)
    return Document(tokens[:-1], tokens[1:], weights)


def composing(
    number: int, tokenizer: Tokenizer, *, lengths: Sequence[int], repairs: float
) -> list[Document]:
    """Return documents of all roles on tasks of the training split, with made-up mistakes."""
    rng = random.Random(f"roles {number}")
    tasks = generate_tasks(
        "train", count=CHUNK, seed=1_000 + number, lengths=lengths, plain_names=True
    )
    return [_of_role(task, tokenizer, rng, repairs) for task in tasks]


def practising(
    number: int,
    tokenizer: Tokenizer,
    *,
    lengths: Sequence[int],
    repairs: float,
    own: Sequence[Practice],
    plain_names: bool,
) -> list[Document]:
    """Return documents of all roles: mistakes are the model's own, but for a few made-up ones."""
    rng = random.Random(f"practice {number}")
    tasks = generate_tasks(
        "train",
        count=CHUNK,
        seed=2_000 + number,
        lengths=lengths,
        vague_share=rng.choice(_VAGUE),
        plain_names=plain_names,
    )
    documents: list[Document] = []
    for place, task in enumerate(tasks, start=number * CHUNK):
        if rng.random() < repairs * OWN_SHARE:
            mine = own[place % len(own)]
            documents.append(repairing(mine.task, mine.attempt, tokenizer))
        else:
            documents.append(_of_role(task, tokenizer, rng, 1 - OWN_SHARE))
    return documents


def _of_role(task: Task, tokenizer: Tokenizer, rng: random.Random, repairs: float) -> Document:
    attempt = made_up_attempt(task, rng, keep=0.25) if rng.random() < repairs else None
    return repairing(task, attempt, tokenizer) if attempt else solving(task, tokenizer)


def batches(
    documents: Callable[[int], list[Document]], *, first_chunk: int
) -> Iterator[tuple[int, Batch]]:
    """Yield chunk numbers and batches of documents of about the same length, without end."""
    number = first_chunk
    while True:
        found = sorted(documents(number), key=lambda each: len(each.tokens))
        groups = list(_groups([each for each in found if len(each.tokens) <= 640]))
        random.Random(number).shuffle(groups)
        for group in groups:
            yield number, _padded(group)
        number += 1


def _groups(documents: Sequence[Document]) -> Iterator[list[Document]]:
    group: list[Document] = []
    for document in documents:
        if group and (len(group) + 1) * len(document.tokens) > BATCH_TOKENS:
            yield group
            group = []
        group.append(document)
    yield group


def _padded(group: Sequence[Document]) -> Batch:
    longest = max(len(each.tokens) for each in group)
    tokens = torch.zeros(len(group), longest, dtype=torch.long)
    targets, weights = torch.zeros_like(tokens), torch.zeros(len(group), longest)
    for row, each in enumerate(group):
        size = len(each.tokens)
        tokens[row, :size] = torch.tensor(each.tokens)
        targets[row, :size] = torch.tensor(each.targets)
        weights[row, :size] = torch.tensor(each.weights)
    return tokens, targets, weights
