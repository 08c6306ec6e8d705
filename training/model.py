"""A small Llama with RMS norms, rotary positions, gated feed-forward layers and tied embeddings."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_NEVER = -1e4
"""Added to the attention score of a hidden token; -inf would turn empty rows into NaN."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The dimensions of a model."""

    vocabulary: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 4
    feed_forward: int = 768
    context: int = 1536
    rope_base: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        """The width of one attention head."""
        return self.width // self.heads


class Cache:
    """Keys and values of the processed tokens, in preallocated memory."""

    def __init__(self, shape: Shape, rows: int, length: int) -> None:
        size = (shape.layers, rows, shape.heads, length, shape.head)
        self.keys, self.values = torch.zeros(size), torch.zeros(size)
        self.length = 0

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append new positions to a layer and return all of its keys and values."""
        end = self.length + key.shape[2]
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def keep(self, rows: Tensor) -> None:
        """Keep only these rows of the batch."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]


class Block(nn.Module):
    """One transformer layer."""

    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.shape, self.layer = shape, layer
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)
        self.forward_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.gate_up = nn.Linear(shape.width, 2 * shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x: Tensor, turn: Tensor, mask: Tensor | None, cache: Cache | None) -> Tensor:
        """Apply attention, then the feed-forward network, each with a residual connection."""
        x = x + self.attend(self.attention_norm(x), turn, mask, cache)
        gate, up = self.gate_up(self.forward_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)

    def attend(self, x: Tensor, turn: Tensor, mask: Tensor | None, cache: Cache | None) -> Tensor:
        """Apply causal self-attention."""
        rows, length, width = x.shape
        parts = self.qkv(x).view(rows, length, 3, self.shape.heads, self.shape.head)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = rotate(query, turn), rotate(key, turn)
        if cache is not None:
            key, value = cache.extend(self.layer, key, value)
        mixed = attention(query, key, value, mask)
        return self.output(mixed.transpose(1, 2).reshape(rows, length, width))


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Compute attention with plain products, which is faster on a CPU than the fused kernel."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is None:
        length = query.shape[-2]
        mask = torch.full((length, length), _NEVER, dtype=scores.dtype).triu(1)
    return (scores + mask.to(scores.dtype)).softmax(-1, dtype=value.dtype) @ value


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Rotate adjacent pairs by their position, as llama.cpp does for this architecture."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turn).flatten(-2).type_as(x)


class TinyLlama(nn.Module):
    """The complete model."""

    turns: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape, layer) for layer in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head, 2) / shape.head)
        angles = torch.outer(torch.arange(shape.context), frequencies)
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles), False)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)

    def forward(
        self,
        tokens: Tensor,
        *,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """Return the final hidden states; without a mask, attention is causal."""
        turn = (
            self.turns[: tokens.shape[1]] if positions is None else self.turns[positions][:, None]
        )
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, turn, mask, cache)
        normed: Tensor = self.norm(x)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Return a score for every token of the vocabulary."""
        return F.linear(hidden, self.embedding.weight)
