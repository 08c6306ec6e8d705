"""What a model says of a statement that is outside of what it knows."""

import re

OUTSIDE = "# outside what I know"
"""The whole answer to such a statement, or all that follows the header of its function."""
_ABSTAINS = re.compile(rf"\A\s*(?:def [^\n]*:)?\s*{re.escape(OUTSIDE)}\s*\Z")


def abstains(answer: str) -> bool:
    """Return whether an answer says that the statement is outside of what the model knows.

    >>> abstains("def f(x):\\n    # outside what I know"), abstains("def f(x):\\n    return x")
    (True, False)
    """
    return _ABSTAINS.match(answer) is not None
