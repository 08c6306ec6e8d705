"""Check which backends can open trees on this machine."""

import tempfile

from refinegraph.tools.workspace.backends import backend_reasons
from refinegraph.tools.workspace.layout import layout_of
from refinegraph.tools.workspace.policy import Backend, TreePolicy


async def tree_backends() -> dict[Backend, str]:
    """Try every backend and return why it is unavailable; an empty string if it is available."""
    policy = TreePolicy()
    with tempfile.TemporaryDirectory(prefix="refinegraph-") as folder:
        return await backend_reasons(layout_of(folder, policy), policy)
