"""Packages whose `__init__` runs only when one of its names is used.

LangGraph needs one class of `langgraph_sdk.auth` and LangSmith one type of `langsmith.types`. To
import either, Python first runs the package's `__init__`, which imports hundreds of modules that no
command uses. Here a package is entered in `sys.modules` without running it: its submodules can be
imported at once, and the first use of any other name runs it.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

DEFERRED = frozenset({"langgraph_sdk", "langsmith.types"})

_running = RLock()


def defer_packages() -> None:
    """Defer the packages from now on.

    Only for the command line: as a library, the package leaves its user's imports alone.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds deferred packages where Python itself would find them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in DEFERRED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Deferring(spec.loader)
        return spec


class _Deferring(Loader):
    """Creates a package without running it."""

    def __init__(self, loader: Loader) -> None:
        self.loader: Loader | None = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Use the default module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Do not run the package yet."""
        module.__class__ = _DeferredPackage


class _DeferredPackage(ModuleType):
    """A package that runs on the first access to a name that it does not have yet."""

    def __getattr__(self, name: str) -> Any:
        with _running:
            deferring = self.__loader__
            if not isinstance(deferring, _Deferring) or deferring.loader is None:
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            loader, deferring.loader = deferring.loader, None
            loader.exec_module(self)
        return getattr(self, name)
