"""Sample from the model under training, for many prompts at a time."""

from collections.abc import Iterator, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.model import Cache, TinyLlama
from training.tokens import END

_ROWS = 96
"""Prompts per batch: a choice."""
_NEVER = -1e4
"""Added to the attention score of a hidden token; -inf would turn empty rows into NaN."""


class Sampler:
    """Writes an independent answer to every prompt; a temperature of 0 is greedy."""

    def __init__(self, model: TinyLlama, tokenizer: Tokenizer, *, longest: int = 120) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.longest = longest
        self.end = tokenizer.token_to_id(END)
        self.written = 0
        """Tokens written so far, including end tokens."""

    def __call__(
        self, prompts: Sequence[str], *, temperature: float = 0.8, seed: int = 0
    ) -> list[str]:
        """Return one answer per prompt, in the order of the prompts."""
        encoded = [encoding.ids for encoding in self.tokenizer.encode_batch(list(prompts))]
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
        generator = torch.Generator().manual_seed(seed)
        answers: dict[int, str] = {}
        for start in range(0, len(order), _ROWS):
            indices = order[start : start + _ROWS]
            written = self._batch([encoded[index] for index in indices], temperature, generator)
            answers.update(zip(indices, written, strict=True))
        return [answers[index] for index in range(len(encoded))]

    @torch.inference_mode()
    def _batch(
        self, prompts: Sequence[list[int]], temperature: float, generator: torch.Generator
    ) -> list[str]:
        written: list[list[int]] = [[] for _ in prompts]
        rows = list(range(len(prompts)))
        for chosen in self._steps(prompts, temperature, generator, rows):
            for row, token in zip(rows, chosen, strict=True):
                written[row].append(token)
        self.written += sum(map(len, written))
        return [str(self.tokenizer.decode(ids, skip_special_tokens=True)) for ids in written]

    def _steps(
        self,
        prompts: Sequence[list[int]],
        temperature: float,
        generator: torch.Generator,
        rows: list[int],
    ) -> Iterator[list[int]]:
        """Yield the next token of every row; rows that have ended are removed from `rows`."""
        longest = max(map(len, prompts))
        padding = torch.tensor([longest - len(prompt) for prompt in prompts])
        tokens = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        cache = Cache(self.model.shape, len(prompts), longest + self.longest)
        for _ in range(self.longest):
            hidden = self._read(tokens, padding, cache)
            chosen = self._choose(self.model.logits(hidden), temperature, generator)
            yield chosen.tolist()
            going = (chosen != self.end).nonzero()[:, 0]
            if not len(going):
                return
            if len(going) < len(rows):
                cache.keep(going)
                padding, chosen = padding[going], chosen[going]
                rows[:] = [rows[index] for index in going.tolist()]
            tokens = chosen[:, None]

    def _read(self, tokens: Tensor, padding: Tensor, cache: Cache) -> Tensor:
        length = cache.length + tokens.shape[1]
        columns = torch.arange(cache.length, length)
        positions = (columns - padding[:, None]).clamp(min=0)
        ahead = torch.arange(length) > columns[:, None]
        empty = torch.arange(length) < padding[:, None]
        hidden_ones = ahead | empty[:, None]
        mask = torch.where(hidden_ones, _NEVER, 0.0)[:, None]
        hidden: Tensor = self.model(tokens, positions=positions, mask=mask, cache=cache)
        cache.length = length
        return hidden[:, -1]

    def _choose(self, logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
        if temperature == 0:
            return logits.argmax(-1)
        chances = (logits.float() / temperature).softmax(-1)
        return torch.multinomial(chances, 1, generator=generator)[:, 0]
