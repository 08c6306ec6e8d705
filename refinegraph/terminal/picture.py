"""A character drawing as a PNG; needs the extra `png`."""

import io
import re
from typing import Any

from refinegraph.errors import SettingError

_WIDTH, _HEIGHT, _EDGE = 18, 36, 32
_ARMS = {
    "─": "lr",
    "│": "ud",
    "┼": "lrud",
    "╮": "ld",
    "╯": "lu",
    "┬": "lrd",
    "┴": "lru",
    "◄": "r",
    "▼": "u",
}
"""The directions of a character's lines, from the middle of its cell."""
_WORDS = re.compile(f"[^ {''.join(_ARMS)}]+(?: [^ {''.join(_ARMS)}]+)*")
_INK = "#1b1f24"


def as_png(drawing: str) -> bytes:
    """Return a drawing as a PNG with a cell of 18 by 36 pixels per character.

    Raises:
        SettingError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise SettingError(
            "a PNG needs Pillow; pip install 'refinegraph[png]', or use --format svg."
        ) from None
    lines = drawing.rstrip("\n").splitlines()
    size = (
        2 * _EDGE + _WIDTH * max(map(len, lines)),
        2 * _EDGE + _HEIGHT * len(lines),
    )
    image = Image.new("RGB", size, "#ffffff")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    for row, line in enumerate(lines):
        top = _EDGE + row * _HEIGHT
        for words in _WORDS.finditer(line):
            at = (_EDGE + words.start() * _WIDTH, top + _HEIGHT // 2)
            pen.text(at, words[0], fill=_INK, font=font, anchor="lm")
        for column, character in enumerate(line):
            if character in _ARMS:
                _line(pen, character, _EDGE + column * _WIDTH, top)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _line(pen: Any, character: str, left: int, top: int) -> None:
    """Draw the lines of one cell."""
    x, y = left + _WIDTH // 2, top + _HEIGHT // 2
    ends = {"l": (left, y), "r": (left + _WIDTH, y), "u": (x, top), "d": (x, top + _HEIGHT)}
    for arm in _ARMS[character]:
        pen.line([(x, y), ends[arm]], fill=_INK, width=3)
    if character == "◄":
        pen.polygon([(left, y), (x + 4, y - 8), (x + 4, y + 8)], fill=_INK)
    if character == "▼":
        pen.polygon([(x, top + _HEIGHT), (x - 8, y - 2), (x + 8, y - 2)], fill=_INK)
