"""The tools of this package for coding agents, over the Model Context Protocol.

`refinegraph mcp` serves them; `create_mcp_server` returns the server. It needs
`pip install 'refinegraph[mcp]'`.
"""

from refinegraph.mcp.host_model import HostChatModel
from refinegraph.mcp.server import create_mcp_server

__all__ = ["HostChatModel", "create_mcp_server"]
