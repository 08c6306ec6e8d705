"""Format the examples of docstrings as code."""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"(?:^>>> .*(?:\n(?!\s*$).*)*)(?:\n\n>>> .*(?:\n(?!\s*$).*)*)*", re.MULTILINE)


class FencedExamples(griffe.Extension):
    """Put fences around every block of `>>>` lines and their output."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(
                lambda match: f"```pycon\n{match[0]}\n```", obj.docstring.value
            )
