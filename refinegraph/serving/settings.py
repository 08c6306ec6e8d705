"""The settings of an operator: models, options of all runs, limits of the server."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinegraph.options import RunOptions
from refinegraph.serving.clients import ClientBook
from refinegraph.serving.names import default_menu

if TYPE_CHECKING:
    from refinegraph.runs import RunStore
    from refinegraph.tools.sandbox import Sandbox


@dataclass(frozen=True)
class ServerSettings:
    """How a server serves.

    Args:
        options: The options of every run. Its model is the first one served; the others are
            defaults for clients, and its budgets are limits that clients cannot exceed.
        extra_models: Further models by name.
        listed_strategies: Strategies that `/v1/models` lists, as `STRATEGY` or `STRATEGY:N`.
            Clients may use all others by name.
        clients: Who may use the server.
        concurrency: Maximum number of concurrent model calls, over all requests.
        max_requests: Maximum number of active requests; further ones are refused with 429.
        heartbeat: Seconds of silence after which a stream sends a keep-alive. Clients and proxies
            give up after 30 to 120 seconds.
        runs: The store of finished runs; None to keep none.
        public_url: Address under which clients reach the server, for links to pages of runs.
        sandbox: The sandbox for programs; None for the default one.
    """

    options: RunOptions = field(default_factory=RunOptions)
    extra_models: tuple[str, ...] = ()
    listed_strategies: tuple[str, ...] = field(default_factory=default_menu)
    clients: ClientBook = field(default_factory=ClientBook)
    concurrency: int = 64
    max_requests: int = 1024
    heartbeat: float = 8.0
    runs: "RunStore | None" = None
    public_url: str = ""
    sandbox: "Sandbox | None" = None
