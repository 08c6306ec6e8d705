"""How well a run was isolated, told from the layers that were in force."""

from collections.abc import Sequence
from typing import get_args

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Tier

_ALWAYS = frozenset(
    {"seccomp", "limits", "no_new_privileges", "no_capabilities", "unprivileged_user"}
)
_WALLED = frozenset({"namespaces", "pid_namespace", "private_root", "private_folder"})
_LANDLOCKED = frozenset({"landlock"})
_FIXES = {
    "namespaces": "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile; in Docker "
    "--security-opt seccomp=unconfined)",
    "landlock": "use Linux 6.12 or newer with landlock among its security modules (boot with "
    "lsm=landlock,...)",
    "seccomp": "use a kernel with seccomp filters on x86-64 or arm64",
}


def tier_of(layers: Sequence[str]) -> Tier:
    """Return the strongest tier that these layers make.

    Strong has a root, processes and networks of its own and Landlock besides; medium has one of
    the two; both filter system calls and limit what is used.

    >>> tier_of(["limits"])
    'weak'
    """
    had = set(layers)
    if "container" in had:
        return "docker"
    if had >= _ALWAYS | _WALLED | _LANDLOCKED:
        return "strong"
    if had >= _ALWAYS | _WALLED or had >= _ALWAYS | _LANDLOCKED:
        return "medium"
    return "weak" if "limits" in had else "none"


def check_tier(layers: Sequence[str], missing: Sequence[str], *, wanted: Tier) -> None:
    """Raise `SandboxUnavailable` below the tier that is wanted, naming what is missing."""
    order = get_args(Tier)
    had = tier_of(layers)
    if order.index(had) <= order.index(wanted):
        return
    reason = "; ".join(missing) or "no layer was refused, but this tier is not offered here"
    fixes = [_FIXES[each.split(":")[0]] for each in missing if each.split(":")[0] in _FIXES]
    fix = f" To mend it, {'; or '.join(fixes)}." if fixes else ""
    raise SandboxUnavailable(
        f"programs can be isolated only at tier {had!r} here, {wanted!r} is asked for ({reason})."
        f"{fix} Or lower `min_tier` for programs that you trust."
    )


def fix_for(missing: str) -> str | None:
    """Return what to do about a missing layer, where something can be done."""
    return _FIXES.get(missing.split(":")[0])
