"""The tools of this package for coding agents, independent of the protocol."""

from refinegraph.toolbox.results import CheckedTest, Output, Reviewed, Selected, Solved, Verified
from refinegraph.toolbox.tools import Toolbox

__all__ = ["CheckedTest", "Output", "Reviewed", "Selected", "Solved", "Toolbox", "Verified"]
