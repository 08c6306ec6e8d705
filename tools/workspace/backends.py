"""Open a tree by the first backend that this machine has."""

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Tier
from refinegraph.tools.sandbox.tiers import check_tier
from refinegraph.tools.workspace.guest.settings import Settings
from refinegraph.tools.workspace.holders import Holder, Unavailable
from refinegraph.tools.workspace.layout import Layout
from refinegraph.tools.workspace.policy import TreePolicy


async def open_holder(layout: Layout, policy: TreePolicy, *, min_tier: Tier) -> Holder:
    """Return the process of a new tree; raises `SandboxUnavailable` with every reason."""
    reasons: list[str] = []
    for backend in policy.backends:
        if backend != "overlay":
            continue
        try:
            holder = await Holder.start(settings_of(layout, policy))
        except Unavailable as error:
            reasons.append(f"{backend}: {error}")
            continue
        check_tier(holder.isolation.layers, holder.isolation.degraded, wanted=min_tier)
        return holder
    raise SandboxUnavailable(f"no tree can be made here ({'; '.join(reasons)}).")


def settings_of(layout: Layout, policy: TreePolicy) -> Settings:
    """Return what the process of a tree is told."""
    return Settings(
        root=str(layout.root),
        home=layout.home,
        readable=layout.readable,
        frozen=layout.frozen,
        hidden=layout.hidden,
        owner=layout.owner,
        disk_mb=policy.disk_mb,
        files=policy.files,
        without=policy.without,
    )
