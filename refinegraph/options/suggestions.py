"""Values that a shell or a session may suggest for an argument, found without heavy imports."""

import importlib.util
from pathlib import Path

from refinegraph.options.config import EMBEDDED, find_setting, home
from refinegraph.options.discovery import LOCAL_SERVERS, providers_set_up
from refinegraph.options.own_strategies import OWN_STRATEGIES


def strategies() -> list[str]:
    """Return the names of all strategies; reads file names, since importing them takes seconds."""
    package = importlib.util.find_spec("refinegraph.graphs")
    folders = (package.submodule_search_locations if package else None) or []
    modules = (path.stem for folder in folders for path in Path(folder, "gallery").glob("*.py"))
    systems = sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))
    return [*OWN_STRATEGIES, *systems]


def models() -> list[str]:
    """Return your model, the package's, and the prefixes of servers and of set-up providers."""
    own = find_setting("model")
    prefixes = [provider.prefix for provider in providers_set_up()]
    prefixes += [server.prefix for server in LOCAL_SERVERS]
    known = [*([str(own.value)] if own else []), EMBEDDED, *prefixes, "local/"]
    return list(dict.fromkeys(known))


def runs() -> list[str]:
    """Return `last` and the ids of the kept runs, newest first."""
    names = (path.stem for path in (home() / "runs").glob("*.json"))
    return ["last", *sorted(names, reverse=True)]
