"""What this package offers to coding agents, whatever protocol carries it."""

from refinegraph.toolbox.results import CheckedTest, Output, Reviewed, Selected, Solved, Verified
from refinegraph.toolbox.tools import Toolbox

__all__ = ["CheckedTest", "Output", "Reviewed", "Selected", "Solved", "Toolbox", "Verified"]
