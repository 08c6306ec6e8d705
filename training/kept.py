"""Keep measured figures in a file, so that an interrupted report continues."""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

_Row = TypeVar("_Row")


class Kept:
    """Measured figures by the name of their group.

    The file belongs to one model and one number of tasks. Without a path, nothing is kept.

    >>> import asyncio
    >>> from training.figure import Figure
    >>> async def measured() -> list[Figure]:
    ...     return [Figure("solver", "right", (1.0, 0.0), "never", 0.0)]
    >>> [figure] = asyncio.run(Kept(None).get("writing", Figure, measured))
    >>> figure.role
    'solver'
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._groups: dict[str, Sequence[Any]] = {}
        if path is not None and path.exists():
            self._groups = json.loads(path.read_text())

    async def get(
        self,
        name: str,
        kind: Callable[..., _Row],
        measured: Callable[[], Awaitable[Sequence[_Row]]],
    ) -> list[_Row]:
        """Return the figures of a group, which are measured only if they are not kept."""
        if name not in self._groups:
            self._groups[name] = await measured()
            self._write()
        return [kind(*map(_as_tuple, row)) for row in self._groups[name]]

    def _write(self) -> None:
        if self.path is not None:
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(self._groups))
            fresh.replace(self.path)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
