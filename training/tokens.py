"""The tokenizer: one token a digit, and the same one wherever the digit stands."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
VOCABULARY = 2048
LLAMA_PRE = "superbpe"
"""llama.cpp's name for a text that is cut nowhere but around numbers."""

_PIECES = (
    r"\n *"
    r"| for [a-z](?:, [a-z])? in x(?:\.items\(\))?"
    r"| ?\p{L}+"
    r"| ?[^\s\p{L}\p{N}]+(?: [^\s\p{L}\p{N}]+)*(?: (?!for\b|if\b|in\b))?"
    r"| +"
)
"""What merges never cross: a line's indentation, a loop over `x`, a word, a run of marks."""


def train_tokenizer(texts: Iterable[str], path: Path) -> Tokenizer:
    """Learn a byte-level BPE whose merges never touch a digit or cross a word."""
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
    """Cut texts as llama.cpp does: the merges that were learned keep to their pieces anyway."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}+"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that was trained before."""
    return Tokenizer.from_file(str(path))


def end_token(tokenizer: Tokenizer) -> int:
    """Return the token that ends an answer."""
    found = tokenizer.token_to_id(END)
    if found is None:
        raise ValueError(f"the tokenizer does not know {END!r}")
    return found
