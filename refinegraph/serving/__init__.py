"""A server that speaks OpenAI's protocol and answers with a strategy's proved result.

`refinegraph serve` runs it. `create_app` returns it as an ASGI application, for servers of one's
own. It needs `pip install 'refinegraph[serve]'`.
"""

from refinegraph.serving.app import create_app
from refinegraph.serving.clients import Client, ClientBook
from refinegraph.serving.settings import ServerSettings

__all__ = ["Client", "ClientBook", "ServerSettings", "create_app"]
