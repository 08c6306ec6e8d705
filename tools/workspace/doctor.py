"""Say by which backends trees can be made on this machine."""

import tempfile

from refinegraph.tools.workspace.backends import backend_reasons
from refinegraph.tools.workspace.layout import layout_of
from refinegraph.tools.workspace.policy import Backend, TreePolicy


async def tree_backends() -> dict[Backend, str]:
    """Return why each backend cannot be had here, by trying; an empty text where it can."""
    policy = TreePolicy()
    with tempfile.TemporaryDirectory(prefix="refinegraph-") as folder:
        return await backend_reasons(layout_of(folder, policy), policy)
