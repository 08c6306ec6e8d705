"""A training step, and the learning rates."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from training.model import TinyLlama
from training.trees import Batch

MATRIX_RATE = 3e-3
OTHER_RATE = 3e-3
"""Full learning rates; the values are a choice."""


class Losses(NamedTuple):
    """The loss of one step."""

    loss: float
    """The mean loss of the tokens to write; prompts do not count."""
    tokens: int


class Optimizer:
    """Muon for the matrices of the layers, AdamW for the embedding and the norms."""

    def __init__(self, model: TinyLlama) -> None:
        matrices = [weight for weight in model.blocks.parameters() if weight.ndim == 2]
        others = [weight for weight in model.parameters() if all(weight is not m for m in matrices)]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices, lr=MATRIX_RATE, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.0),
        ]

    def step(self, scale: float) -> None:
        """Take one step, with the learning rates scaled by `scale`."""
        for part, rate in zip(self.parts, (MATRIX_RATE, OTHER_RATE), strict=True):
            for group in part.param_groups:
                group["lr"] = rate * scale
            part.step()
            part.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, object]]:
        """Return the state for a checkpoint."""
        return [part.state_dict() for part in self.parts]

    def restore(self, state: list[dict[str, object]]) -> None:
        """Restore the state from a checkpoint."""
        for part, part_state in zip(self.parts, state, strict=True):
            part.load_state_dict(part_state)


def train_step(model: TinyLlama, optimizer: Optimizer, batch: Batch, *, scale: float) -> Losses:
    """Train on one batch."""
    losses = answer_losses(model, batch)
    weighted(losses, batch).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step(scale)
    answers = losses.detach()[batch.weights[batch.weights > 0] >= 1]
    return Losses(float(answers.mean()), batch.size)


def weighted(losses: Tensor, batch: Batch) -> Tensor:
    """Return the mean of the losses by the weights of their tokens."""
    weight = batch.weights[batch.weights > 0]
    return (losses * weight).sum() / weight.sum()


def answer_losses(model: TinyLlama, batch: Batch) -> Tensor:
    """Return the loss of every token to write, in single precision."""
    counted = batch.weights > 0
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(batch.tokens, positions=batch.positions, mask=batch.mask)
        logits = model.logits(hidden[counted])
    return F.cross_entropy(logits.float(), batch.targets[counted], reduction="none")
