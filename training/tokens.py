"""The tokenizer, in which every digit is one token wherever it appears."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
VOCABULARY = 2048
LLAMA_PRE = "superbpe"
"""llama.cpp's name for a pre-tokenizer that splits text only around numbers."""

_PIECES = (
    r"\n *"
    r"| for [a-z](?:, [a-z])? in x(?:\.items\(\))?"
    r"| ?\p{L}+"
    r"| ?[^\s\p{L}\p{N}]+(?: [^\s\p{L}\p{N}]+)*(?: (?!for\b|if\b|in\b))?"
    r"| +"
)
"""The pieces that merges never cross: an indentation, a loop over `x`, a word, a run of symbols."""


def train_tokenizer(texts: Iterable[str], path: Path) -> Tokenizer:
    """Train a byte-level BPE whose merges never contain a digit or cross a word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
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
    tokenizer.pre_tokenizer = _as_llama()
    tokenizer.save(str(path))
    return tokenizer


def _as_llama() -> pre_tokenizers.PreTokenizer:
    """Split text as llama.cpp does; the learned merges respect the pieces anyway."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}+"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def load_tokenizer(path: Path) -> Tokenizer:
    """Load a trained tokenizer."""
    return Tokenizer.from_file(str(path))


def end_token(tokenizer: Tokenizer) -> int:
    """Return the token that ends an answer."""
    token = tokenizer.token_to_id(END)
    if token is None:
        raise ValueError(f"the tokenizer has no token {END!r}")
    return token
