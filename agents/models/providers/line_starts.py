"""Continue a text after a line break with the token that its model would have written.

The tokenizer of the package's model has one token for a line break and the indentation after it. A
text that ends in the line break alone, such as one that was stopped at `"\\n"`, splits that token,
and a small model writes nonsense after half of it. So the model reads the text without the line
break and writes a token that begins with it, or ends its answer there. The rest of the answer then
continues a text whose tokens are whole.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from refinegraph.agents.models.types import (
    Choice,
    Completion,
    Sampling,
    TokenLogprob,
    TopLogprob,
)

_LINE_BREAK = re.compile(r"\n[\n ]*\Z")


OnPiece = Callable[[str], object]
"""Receives the pieces of a text as they arrive."""


class ContinueText(Protocol):
    """Continues the answer that begins with a text, under a grammar unless that is empty."""

    async def __call__(
        self, text: str, *, n: int, sampling: Sampling, grammar: str = "", on_text: OnPiece | None
    ) -> Completion:
        """Return n choices without the text that they continue."""
        ...


class LineStart(NamedTuple):
    """A text that ends in line breaks, in two parts."""

    text: str
    line_break: str
    """The line breaks with the indentation after them."""

    @classmethod
    def at_end_of(cls, text: str) -> "LineStart | None":
        r"""Return the parts of a text that ends in line breaks; None for any other text.

        >>> LineStart.at_end_of("def f(x):\n  ")
        LineStart(text='def f(x):', line_break='\n  ')
        """
        match = _LINE_BREAK.search(text)
        return cls(text[: match.start()], match[0]) if match else None

    @property
    def grammar(self) -> str:
        r"""The grammar of empty texts and of those that begin with the line break.

        >>> print(LineStart("def f(x):", "\n  ").grammar)
        root ::= "" | "\n  " [^\x00]*
        """
        escaped = self.line_break.replace("\n", "\\n")
        return f'root ::= "" | "{escaped}" [^\\x00]*'


async def continue_line(
    write: ContinueText, start: LineStart, *, n: int, sampling: Sampling, on_text: OnPiece | None
) -> Completion:
    """Return n continuations of a text that ends in a line break.

    Costs one request for the first tokens, and one for every different first token; all but the
    first read the prompt from the cache.
    """
    one = sampling.model_copy(update={"max_tokens": 1, "stop": ()})
    first = await write(start.text, n=n, sampling=one, grammar=start.grammar, on_text=None)
    choices = [_begun(choice, start.line_break, sampling.stop) for choice in first.choices]
    left = None if sampling.max_tokens is None else sampling.max_tokens - 1
    written = first.completion_tokens or 0
    for begun, indices in _unfinished(choices).items() if left != 0 else ():
        if on_text and begun:
            on_text(begun)
        rest = await write(
            f"{start.text}{start.line_break}{begun}",
            n=len(indices),
            sampling=sampling.model_copy(update={"max_tokens": left}),
            on_text=on_text,
        )
        written += rest.completion_tokens or 0
        for index, choice in zip(indices, rest.choices, strict=True):
            choices[index] = _joined(choices[index], choice)
    return first._replace(choices=tuple(choices), completion_tokens=written)


def _unfinished(choices: Sequence[Choice]) -> dict[str, list[int]]:
    """Return the indices of the choices that have to be continued, by their text so far."""
    groups: dict[str, list[int]] = {}
    for index, choice in enumerate(choices):
        if choice.truncated:
            groups.setdefault(choice.text, []).append(index)
    return groups


def _begun(choice: Choice, line_break: str, stop: Sequence[str]) -> Choice:
    """Return a choice of one token without the line break, ended at the first stop text.

    A token shorter than the line break leaves an empty text.
    """
    text = choice.text[len(line_break) :]
    ends = [text.find(end) for end in stop if end in text]
    tokens = tuple(_without(line_break, token) for token in choice.logprobs or ())
    changes = {"text": text[: min(ends)] if ends else text, "logprobs": tokens or None}
    return choice.model_copy(update=changes | ({"finish_reason": "stop"} if ends else {}))


def _without(line_break: str, token: TokenLogprob) -> TokenLogprob:
    return token.model_copy(
        update={
            "token": token.token[len(line_break) :],
            "top": tuple(_beginning(line_break, token.top)),
        }
    )


def _beginning(line_break: str, alternatives: Sequence[TopLogprob]) -> Iterator[TopLogprob]:
    """Yield the alternatives that begin with the line break, without it."""
    for other in alternatives:
        if other.token.startswith(line_break):
            yield TopLogprob(other.token.removeprefix(line_break), other.logprob)


def _joined(begun: Choice, rest: Choice) -> Choice:
    tokens = (*(begun.logprobs or ()), *(rest.logprobs or ()))
    return rest.model_copy(update={"text": begun.text + rest.text, "logprobs": tokens or None})
