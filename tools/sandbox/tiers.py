"""How well a run was isolated, told from the layers that were in force."""

from collections.abc import Sequence
from typing import get_args

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Tier

_MEDIUM = frozenset({"landlock", "seccomp", "limits", "no_new_privileges"})
_WEAK = frozenset({"limits"})


def tier_of(layers: Sequence[str]) -> Tier:
    """Return the strongest tier that these layers make.

    >>> tier_of(["limits"])
    'weak'
    """
    if set(layers) >= _MEDIUM:
        return "medium"
    return "weak" if set(layers) >= _WEAK else "none"


def check_tier(layers: Sequence[str], missing: Sequence[str], *, wanted: Tier) -> None:
    """Raise `SandboxUnavailable` below the tier that is wanted, naming what is missing."""
    order = get_args(Tier)
    had = tier_of(layers)
    if order.index(had) <= order.index(wanted):
        return
    reason = "; ".join(missing) or "no layer was refused, but this tier is not offered here"
    raise SandboxUnavailable(
        f"programs can be isolated only at tier {had!r} here, {wanted!r} is asked for ({reason}). "
        "Use Linux 6.12 or newer, or lower `min_tier` for programs that you trust."
    )
