"""The interactive session behind `refinegraph demo`."""

from refinegraph.repl.session import Session

__all__ = ["Session"]
