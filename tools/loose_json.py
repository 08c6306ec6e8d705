r"""JSON objects in what a model wrote, however it is wrapped or broken.

Nothing is evaluated: text that is not JSON is mended as text and read as JSON, or not at all.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from refinegraph.tools.programs.fences import fenced_blocks

JsonObject = dict[str, Any]

_LONGEST = 20_000
_MOST_STARTS = 16
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

    First the text as a whole, then its fenced blocks, then what stands between braces; each as it
    is and then mended: trailing commas, comments, Python's words and quotes, bare keys, LaTeX's
    backslashes, missing brackets at the end. Texts are read to 20,000 characters.

    >>> next(json_objects("Sure!\n```json\n{'score': 7, 'why': 'ok',}\n```"))
    {'score': 7, 'why': 'ok'}
    """
    text = text[:_LONGEST]
    for source in (text, *(block.source for block in reversed(fenced_blocks(text)))):
        if (found := _read(source)) is not None:
            yield found
    yield from _between_braces(text)


def _between_braces(text: str) -> Iterator[JsonObject]:
    decoder = json.JSONDecoder()
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        found, end = _decode(decoder, text, position)
        if found is None:
            found = _read(text[position:], whole=False)
        if found is not None:
            yield found
        position = text.find("{", end)


def _decode(decoder: json.JSONDecoder, text: str, start: int) -> tuple[JsonObject | None, int]:
    try:
        value, end = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1
    return _as_object(value), end


def _read(source: str, *, whole: bool = True) -> JsonObject | None:
    """Read the object that a text begins with; nothing may follow it where it is the whole."""
    mended = _mended(source)
    for version in (source, mended, _closed(mended)):
        body = version.strip()
        if body.startswith("{"):
            found, end = _decode(json.JSONDecoder(), body, 0)
            if found is not None and not (whole and body[end:].strip()):
                return found
    return None


def _mended(source: str) -> str:
    source = _COMMENT.sub("", source.translate(_QUOTES))
    source = _SINGLE.sub(lambda found: json.dumps(found[1].replace("\\'", "'")), source)
    source = _WORD.sub(lambda found: _WORDS[found[0]], source)
    source = _BARE_KEY.sub(r'\1"\2"\3', source)
    return _TRAILING_COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", source))


def _closed(source: str) -> str:
    """Close the strings and brackets that an answer cut short leaves open."""
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
