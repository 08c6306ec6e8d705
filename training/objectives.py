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
from training.optimizing import Optimizer, answer_losses, weighted
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

GATHERED = 8
"""Batches whose gradients make one step. A step of Muon has the same length however weak the signal
in it is, so that steps of single batches mostly follow their noise. The number is a choice."""
REHEARSAL = 0.5
"""Tokens of the usual mixture per token of the round's own data, so that other roles are not
forgotten. The value is a choice."""


class Learned(NamedTuple):
    """The cost of one pass over the data of a round, with the usual batches between."""

    tokens: int
    steps: int


class Learner(NamedTuple):
    """A model in a round of learning from its own runs."""

    model: TinyLlama
    optimizer: Optimizer
    tokenizer: Tokenizer
    scale: float
    """The highest learning rate of the round, as a share of the full one."""
    usual: Iterator[Batch] | None = None
    """Batches of the usual mixture, learned between the others so that no role is forgotten."""

    def document(self, prompt: str, program: str) -> Document:
        """Return a program as an answer of the Solver."""
        return as_document(answer_tree(prompt, program), self.tokenizer)

    def descend(self, losses: Iterator[tuple[Batch, Tensor]], *, batches: int) -> Learned:
        """Take a step for every few losses and as many usual ones as belong to them."""
        tokens = rehearsed = steps = 0
        for number, (batch, loss) in enumerate(losses, 1):
            loss.backward()  # type: ignore[no-untyped-call]
            tokens += batch.size
            while self.usual and rehearsed < REHEARSAL * tokens:
                usual = next(self.usual)
                usual_loss = weighted(answer_losses(self.model, usual), usual)
                usual_loss.backward()  # type: ignore[no-untyped-call]
                rehearsed += usual.size
            if number % GATHERED == 0 or number == batches:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step(self.scale * (1 - (number - 1) / batches))
                steps += 1
        return Learned(tokens + rehearsed, steps)


def learn_usual(learner: Learner, batches: Sequence[Batch]) -> Learned:
    """Continue the usual training."""

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for batch in batches:
            yield batch, weighted(answer_losses(learner.model, batch), batch)

    return learner.descend(losses(), batches=len(batches))


def learn_examples(learner: Learner, lines: Sequence[Example]) -> Learned:
    """Imitate right answers (STaR, arXiv 2203.14465; ReST, arXiv 2308.08998)."""
    groups = list(_groups([learner.document(line.prompt, line.completion) for line in lines]))

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for batch in map(as_batch, groups):
            yield batch, answer_losses(learner.model, batch).mean()

    return learner.descend(losses(), batches=len(groups))


def learn_preferences(learner: Learner, lines: Sequence[Preference]) -> Learned:
    """Prefer right answers to wrong ones of the same task."""
    pairs = [
        [learner.document(line.prompt, text) for text in (line.chosen, line.rejected)]
        for line in lines
    ]
    batches = [as_batch([*chosen, *rejected]) for chosen, rejected in _paired(pairs)]
    with torch.no_grad():
        references = [_row_likelihoods(learner.model, batch)[0] for batch in batches]

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for batch, reference in zip(batches, references, strict=True):
            likelihoods, lengths = _row_likelihoods(learner.model, batch)
            gained, lost = (likelihoods - reference).chunk(2)
            chosen, _ = (likelihoods / lengths).chunk(2)
            yield batch, -F.logsigmoid(BETA * (gained - lost)).mean() - ANCHOR * chosen.mean()

    return learner.descend(losses(), batches=len(batches))


def learn_rewards(learner: Learner, lines: Sequence[Rollout]) -> Learned:
    """Reinforce answers that pass the visible tests more often than others of their group do.

    The advantage is that of GRPO (arXiv 2402.03300).
    """
    gains = gains_of(lines)
    documents = [learner.document(*answer) for answer in gains]
    gain_of = {id(document): gain for document, gain in zip(documents, gains.values(), strict=True)}
    groups = list(_groups(documents))
    batches = [as_batch(group) for group in groups]
    with torch.no_grad():
        before = [answer_losses(learner.model, batch) for batch in batches]

    def losses() -> Iterator[tuple[Batch, Tensor]]:
        for group, batch, old in zip(groups, batches, before, strict=True):
            rows = (batch.weights > 0).nonzero()[:, 0]
            gain = torch.tensor([gain_of[id(document)] for document in group])[rows]
            ratio = (old - answer_losses(learner.model, batch)).exp()
            clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
            yield batch, -torch.minimum(ratio * gain, clipped * gain).mean()

    return learner.descend(losses(), batches=len(groups))


def gains_of(lines: Sequence[Rollout]) -> dict[tuple[str, str], float]:
    """Return every distinct answer, by prompt and program, with the sum of its advantages.

    An answer that was sampled three times is learned once, with three times the weight. Answers
    without an advantage are left out.
    """
    gains: dict[tuple[str, str], float] = {}
    for line, advantage in zip(lines, group_advantages(lines), strict=True):
        answer = (line.prompt, line.completion)
        gains[answer] = gains.get(answer, 0.0) + advantage
    return {answer: gain for answer, gain in gains.items() if gain}


def group_advantages(lines: Sequence[Rollout]) -> list[float]:
    """Return every reward relative to the average of its prompt, in standard deviations.

    An answer is rewarded if it passes all visible tests. A share of them would reinforce the best
    answers of groups in which all are wrong. The advantage is zero if all answers to a prompt have
    the same reward.
    """
    groups: dict[str, list[float]] = {}
    for line in lines:
        groups.setdefault(line.prompt, []).append(_reward(line))
    spreads = {prompt: statistics.pstdev(rewards) for prompt, rewards in groups.items()}
    means = {prompt: statistics.fmean(rewards) for prompt, rewards in groups.items()}
    return [
        (_reward(line) - means[line.prompt]) / spreads[line.prompt] if spreads[line.prompt] else 0.0
        for line in lines
    ]


def _reward(line: Rollout) -> float:
    return float(line.reward == 1)


def _row_likelihoods(model: TinyLlama, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the log-likelihood of every row's answer, and the lengths of the answers."""
    rows = (batch.weights > 0).nonzero()[:, 0]
    empty = torch.zeros(len(batch.tokens))
    losses = answer_losses(model, batch)
    lengths = empty.index_add(0, rows, torch.ones_like(losses))
    return -empty.index_add(0, rows, losses), lengths


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
