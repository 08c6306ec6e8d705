"""No test may call a real model; a test's own loopback server is allowed by the test."""

from refinegraph.agents.models import block_real_calls

block_real_calls()
