"""What an operator sets: the models, the options of every run, the limits of the server."""

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
        options: The options of every run. The model is the first one served; other options are
            what holds where a client chooses none, and its budgets are what a client cannot exceed.
        also: Further models by name.
        menu: Strategies that `/v1/models` lists, as `STRATEGY` or `STRATEGY:N`. Clients may use
            every other strategy by its name.
        clients: Who may use the server.
        concurrency: Model calls in flight at most, over all requests.
        most_requests: Requests in work at most; more are refused with 429.
        heartbeat: Seconds of silence after which a stream shows a sign of life. Clients and proxies
            give up after 30 to 120 seconds.
        runs: Where finished runs are kept; None to keep none.
        link: Address under which clients reach the server, for links to pages of runs.
        sandbox: Where programs run; None for the usual one.
    """

    options: RunOptions = field(default_factory=RunOptions)
    also: tuple[str, ...] = ()
    menu: tuple[str, ...] = field(default_factory=default_menu)
    clients: ClientBook = field(default_factory=ClientBook)
    concurrency: int = 64
    most_requests: int = 1024
    heartbeat: float = 8.0
    runs: "RunStore | None" = None
    link: str = ""
    sandbox: "Sandbox | None" = None
