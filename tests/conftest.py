"""No test may call a real model; servers that tests start on the loopback are allowed."""

import os
import tempfile

from refinegraph.agents.models import block_real_calls

os.environ["REFINEGRAPH_HOME"] = tempfile.mkdtemp(prefix="refinegraph-tests-")

block_real_calls(but=("http://127.0.0.1:", "http://localhost:"))
