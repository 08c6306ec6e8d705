"""The interactive session behind `refinegraph demo`."""

from refinegraph.session.session import Session, Settings

__all__ = ["Session", "Settings"]
