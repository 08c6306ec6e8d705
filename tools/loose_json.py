r"""Extract JSON objects from a model's answer, even if they are wrapped in text or malformed.

Nothing is evaluated: malformed JSON is repaired as text and then parsed as JSON, or skipped.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from refinegraph.tools.programs.fences import fenced_blocks

JsonObject = dict[str, Any]

_MAX_CHARACTERS = 20_000
"""Replies that hold a score or an answer are far shorter; the limit bounds the regular
expressions."""
_MAX_BRACES = 16
"""Opening braces that are tried, since every one may cost a repair of the rest of the text."""
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_COMMENT = re.compile(r"(?m)(?<![:\"'])//[^\n\"]*$")
_WORDS = {"True": "true", "False": "false", "None": "null"}
_WORD = re.compile(r"(?<=[:\[,\s])(?:True|False|None)\b")
_SINGLE = re.compile(r"(?<=[{\[,:\s])'((?:[^'\\\n]|\\.)*)'(?=\s*[:,}\]])")
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})


def json_objects(text: str) -> Iterator[JsonObject]:
    r"""Yield the JSON objects in a text, the likeliest first.

    The whole text is tried first, then its fenced blocks from the last to the first, then the text
    from every opening brace. Each source is parsed as it is and then repaired: trailing commas,
    comments, Python literals and quotes, unquoted keys, LaTeX backslashes, and missing brackets at
    the end. Only the first 20,000 characters are read.

    >>> next(json_objects("Sure!\n```json\n{'score': 7, 'why': 'ok',}\n```"))
    {'score': 7, 'why': 'ok'}
    """
    text = text[:_MAX_CHARACTERS]
    for source in (text, *(block.source for block in reversed(fenced_blocks(text)))):
        if (parsed := _read(source)) is not None:
            yield parsed
    yield from _between_braces(text)


def _between_braces(text: str) -> Iterator[JsonObject]:
    decoder = json.JSONDecoder()
    position = text.find("{")
    for _ in range(_MAX_BRACES):
        if position < 0:
            return
        parsed, end = _decode(decoder, text, position)
        if parsed is None:
            parsed = _read(text[position:], whole=False)
        if parsed is not None:
            yield parsed
        position = text.find("{", end)


def _decode(decoder: json.JSONDecoder, text: str, start: int) -> tuple[JsonObject | None, int]:
    try:
        value, end = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1
    return _as_object(value), end


def _read(source: str, *, whole: bool = True) -> JsonObject | None:
    """Parse the object at the start of a text; with `whole`, nothing may follow the object."""
    repaired = _repair(source)
    for version in (source, repaired, _close(repaired)):
        body = version.strip()
        if body.startswith("{"):
            parsed, end = _decode(json.JSONDecoder(), body, 0)
            if parsed is not None and not (whole and body[end:].strip()):
                return parsed
    return None


def _repair(source: str) -> str:
    source = _COMMENT.sub("", source.translate(_QUOTES))
    source = _SINGLE.sub(lambda match: json.dumps(match[1].replace("\\'", "'")), source)
    source = _WORD.sub(lambda match: _WORDS[match[0]], source)
    source = _BARE_KEY.sub(r'\1"\2"\3', source)
    return _TRAILING_COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", source))


def _close(source: str) -> str:
    """Close the strings and brackets that a truncated answer leaves open."""
    stack: list[str] = []
    quoted = escaped = False
    for character in source:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]" and stack:
            stack.pop()
    ended = source.rstrip() + '"' * quoted
    return _TRAILING_COMMA.sub(r"\1", ended.rstrip(", \n") + "".join(reversed(stack)))


def _as_object(value: object) -> JsonObject | None:
    return cast(JsonObject, value) if isinstance(value, dict) else None
