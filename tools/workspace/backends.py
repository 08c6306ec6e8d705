"""Open a tree with the first available backend."""

import asyncio
from typing import Protocol

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Isolation, Tier
from refinegraph.tools.sandbox.tiers import check_tier, fix_for
from refinegraph.tools.workspace.containers import ContainerHolder
from refinegraph.tools.workspace.copies import copy_checkout
from refinegraph.tools.workspace.guest.settings import Settings
from refinegraph.tools.workspace.holders import Holder, Unavailable
from refinegraph.tools.workspace.layout import Layout
from refinegraph.tools.workspace.line import Header
from refinegraph.tools.workspace.policy import Backend, TreePolicy


class Opened(Protocol):
    """An open tree's backend, which answers its requests."""

    isolation: Isolation
    home: str
    """The private home directory, as commands see it."""
    temporary: str

    async def ask(
        self, request: Header, payload: bytes = b"", descriptors: tuple[int, ...] | list[int] = ()
    ) -> tuple[Header, bytes]:
        """Return the answer to one request."""
        ...

    def kill(self, *, flooded: bool = False) -> None:
        """Kill the running command."""
        ...

    def close(self) -> None:
        """End the tree."""
        ...


async def open_holder(layout: Layout, policy: TreePolicy, *, min_tier: Tier) -> Opened:
    """Open a tree with the first backend of the policy that is available.

    Raises `SandboxUnavailable` with the reason of every backend and what to do about it.
    """
    reasons: list[str] = []
    for backend in policy.backends:
        try:
            opened = await _open(backend, layout, policy)
        except Unavailable as error:
            reasons.append(f"{backend}: {error}")
            continue
        try:
            check_tier(opened.isolation.layers, opened.isolation.degraded, wanted=min_tier)
        except SandboxUnavailable as error:
            opened.close()
            reasons.append(f"{backend}: {error}")
            continue
        return opened
    raise SandboxUnavailable(_explained(reasons))


async def backend_reasons(layout: Layout, policy: TreePolicy) -> dict[Backend, str]:
    """Return why each backend of the policy is unavailable; an empty string if it is available."""
    reasons: dict[Backend, str] = {}
    for backend in policy.backends:
        try:
            (await _open(backend, layout, policy)).close()
            reasons[backend] = ""
        except (Unavailable, SandboxUnavailable) as error:
            reasons[backend] = str(error)
    return reasons


async def _open(backend: Backend, layout: Layout, policy: TreePolicy) -> Opened:
    if backend == "overlay":
        return await Holder.start(settings_of(layout, policy))
    if backend == "docker":
        return await ContainerHolder.start(layout, policy)
    copy = await asyncio.to_thread(copy_checkout, layout)
    settings = settings_of(layout, policy)._replace(
        copy=str(copy.root), home=str(copy.folder / "home")
    )
    try:
        return await Holder.start(settings, copy=copy)
    except BaseException:
        copy.remove()
        raise


def settings_of(layout: Layout, policy: TreePolicy) -> Settings:
    """Return the settings that are sent to the process of a tree."""
    return Settings(
        root=str(layout.root),
        home=layout.home,
        readable=layout.readable,
        frozen=layout.frozen,
        hidden=layout.hidden,
        owner=layout.owner,
        disk_mb=policy.disk_mb,
        files=policy.files,
        disabled_layers=policy.disabled_layers,
    )


def _explained(reasons: list[str]) -> str:
    """Return a message with all reasons and, if there are known ones, the fixes."""
    names = {"overlay": "namespaces", "copy": "landlock"}
    fixes = [fix_for(names.get(reason.split(":")[0], "")) for reason in reasons]
    joined = "; or ".join(fix for fix in fixes if fix)
    fix = f" To fix this, {joined}; or start Docker and name an image." if joined else ""
    return f"no tree can be opened here ({'; '.join(reasons)}).{fix}"
