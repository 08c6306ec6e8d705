"""The tokenizer: one token a digit, and the same one wherever the digit stands."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
VOCABULARY = 1536
LLAMA_PRE = "deepseek-coder"
"""llama.cpp's name for the way text is cut up here: newlines, words, marks and digits apart."""


class Span(NamedTuple):
    """Tokens and how much each counts in the loss."""

    tokens: list[int]
    weight: float


def train_tokenizer(texts: Iterable[str], path: Path) -> Tokenizer:
    """Learn a byte-level BPE whose merges never touch a digit or cross a word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(
                pre_tokenizers.Split(Regex(pattern), behavior="isolated")
                for pattern in (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+")
            ),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that was trained before."""
    return Tokenizer.from_file(str(path))


def end_token(tokenizer: Tokenizer) -> int:
    """Return the token that ends an answer."""
    found = tokenizer.token_to_id(END)
    if found is None:
        raise ValueError(f"the tokenizer does not know {END!r}")
    return found
