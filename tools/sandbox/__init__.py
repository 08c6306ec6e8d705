"""Run untrusted programs in isolation and compute their verdicts outside of them."""

from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.sandbox import Sandbox
from refinegraph.tools.sandbox.tracing import TraceLine, show_trace

__all__ = ["Sandbox", "SandboxPolicy", "TraceLine", "show_trace"]
