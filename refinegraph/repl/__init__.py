"""The interactive session behind `refinegraph demo`."""

from refinegraph.repl.session import Session, Settings

__all__ = ["Session", "Settings"]
