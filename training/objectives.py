"""Learning objectives of a round: imitation, preferences or a reward."""

import random
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from refinegraph.evaluation.export import Example, Preference, Rollout
from training.model import TinyLlama
from training.optimizing import Optimizer, answer_losses
from training.rollouts import answer_tree
from training.stream import BATCH_TOKENS, LONGEST, grouped
from training.trees import Batch, Document, as_batch, as_document

BETA = 0.1
"""The strength of the pull towards the model that produced the preferences (DPO, arXiv
2305.18290)."""
ANCHOR = 0.2
"""The weight of the right answer's likelihood, which DPO alone allows to fall (arXiv
2404.19733)."""
CLIP = 0.2
"""The maximum change of a token's probability on one batch of rollouts (PPO, arXiv 1707.06347)."""


class Learned(NamedTuple):
    """The cost of one pass over the data of a round."""

    tokens: int
    steps: int


def learn_examples(
    model: TinyLlama, optimizer: Optimizer, tokenizer: Tokenizer, lines: Sequence[Example],
    *, scale: float,
) -> Learned:  # fmt: skip
    """Imitate right answers (STaR, arXiv 2203.14465; ReST, arXiv 2308.08998)."""
    documents = [
        as_document(answer_tree(line.prompt, line.completion), tokenizer) for line in lines
    ]

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for batch in _batches(documents):
            yield batch, answer_losses(model, batch).mean()

    return _descend(model, optimizer, losses(), scale)


def learn_preferences(
    model: TinyLlama, optimizer: Optimizer, tokenizer: Tokenizer, lines: Sequence[Preference],
    *, scale: float,
) -> Learned:  # fmt: skip
    """Prefer right answers to wrong ones of the same task."""
    pairs = [
        [
            as_document(answer_tree(line.prompt, text), tokenizer)
            for text in (line.chosen, line.rejected)
        ]
        for line in lines
    ]
    batches = [as_batch([*chosen, *rejected]) for chosen, rejected in _paired(pairs)]
    with torch.no_grad():
        references = [_row_likelihoods(model, batch)[0] for batch in batches]

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for batch, reference in zip(batches, references, strict=True):
            likelihoods, lengths = _row_likelihoods(model, batch)
            gained, lost = (likelihoods - reference).chunk(2)
            chosen, _ = (likelihoods / lengths).chunk(2)
            yield batch, -F.logsigmoid(BETA * (gained - lost)).mean() - ANCHOR * chosen.mean()

    return _descend(model, optimizer, losses(), scale)


def learn_rewards(
    model: TinyLlama, optimizer: Optimizer, tokenizer: Tokenizer, lines: Sequence[Rollout],
    *, scale: float,
) -> Learned:  # fmt: skip
    """Reinforce answers with a reward above the average of their group (GRPO, arXiv 2402.03300)."""
    advantages = group_advantages(lines)
    informative = [(line, gain) for line, gain in zip(lines, advantages, strict=True) if gain]
    documents = [
        as_document(answer_tree(line.prompt, line.completion), tokenizer) for line, _ in informative
    ]
    gains = {id(document): gain for document, (_, gain) in zip(documents, informative, strict=True)}
    groups = list(_groups(documents))
    batches = [as_batch(group) for group in groups]
    with torch.no_grad():
        before = [answer_losses(model, batch) for batch in batches]

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for group, batch, old in zip(groups, batches, before, strict=True):
            rows = (batch.weights > 0).nonzero()[:, 0]
            gain = torch.tensor([gains[id(document)] for document in group])[rows]
            ratio = (old - answer_losses(model, batch)).exp()
            clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
            yield batch, -torch.minimum(ratio * gain, clipped * gain).mean()

    return _descend(model, optimizer, losses(), scale)


def group_advantages(lines: Sequence[Rollout]) -> list[float]:
    """Return every reward relative to the average of its prompt, in standard deviations.

    The advantage is zero if all answers to a prompt have the same reward.
    """
    groups: dict[str, list[float]] = {}
    for line in lines:
        groups.setdefault(line.prompt, []).append(line.reward)
    spreads = {prompt: statistics.pstdev(rewards) for prompt, rewards in groups.items()}
    means = {prompt: statistics.fmean(rewards) for prompt, rewards in groups.items()}
    return [
        (line.reward - means[line.prompt]) / spreads[line.prompt] if spreads[line.prompt] else 0.0
        for line in lines
    ]


def _descend(
    model: TinyLlama, optimizer: Optimizer, losses: Iterator[tuple[Batch, Tensor]], scale: float
) -> Learned:
    tokens = steps = 0
    for batch, loss in losses:
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(scale)
        tokens, steps = tokens + int((batch.tokens > 0).sum()), steps + 1
    return Learned(tokens, steps)


def _row_likelihoods(model: TinyLlama, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the log-likelihood of every row's answer, and the lengths of the answers."""
    rows = (batch.weights > 0).nonzero()[:, 0]
    empty = torch.zeros(len(batch.tokens))
    losses = answer_losses(model, batch)
    lengths = empty.index_add(0, rows, torch.ones_like(losses))
    return -empty.index_add(0, rows, losses), lengths


def _batches(documents: Sequence[Document]) -> Iterator[Batch]:
    return map(as_batch, _groups(documents))


def _groups(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield groups of documents of similar length, in a reproducible order."""
    fitting = [document for document in documents if len(document.tokens) <= LONGEST]
    groups = list(grouped(sorted(fitting, key=lambda document: len(document.tokens))))
    random.Random(len(groups)).shuffle(groups)
    yield from groups


def _paired(
    pairs: Sequence[Sequence[Document]],
) -> Iterator[tuple[list[Document], list[Document]]]:
    """Yield right and wrong answers, with as many pairs as fill a batch."""
    longest = max((len(document.tokens) for pair in pairs for document in pair), default=1)
    size = max(1, BATCH_TOKENS // (2 * longest))
    shuffled = random.Random(len(pairs)).sample(list(pairs), len(pairs))
    for start in range(0, len(shuffled), size):
        some = shuffled[start : start + size]
        yield [pair[0] for pair in some], [pair[1] for pair in some]
