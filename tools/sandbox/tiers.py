"""The isolation tier of a run, derived from the layers in force."""

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
    """Return the strongest tier that the layers amount to.

    Both `strong` and `medium` filter system calls and limit resources. In addition, `strong` has
    private namespaces and a private root as well as Landlock, and `medium` has one of the two.

    >>> tier_of(["limits"])
    'weak'
    """
    active = set(layers)
    if "container" in active:
        return "docker"
    if active >= _ALWAYS | _WALLED | _LANDLOCKED:
        return "strong"
    if active >= _ALWAYS | _WALLED or active >= _ALWAYS | _LANDLOCKED:
        return "medium"
    return "weak" if "limits" in active else "none"


def check_tier(layers: Sequence[str], missing: Sequence[str], *, wanted: Tier) -> None:
    """Raise `SandboxUnavailable` if the tier is below `wanted`, naming the missing layers."""
    order = get_args(Tier)
    tier = tier_of(layers)
    if order.index(tier) <= order.index(wanted):
        return
    reason = "; ".join(missing) or "no layer was refused, but this system does not offer the tier"
    fixes = [fix for layer in missing if (fix := fix_for(layer))]
    fix = f" To fix this, {'; or '.join(fixes)}." if fixes else ""
    raise SandboxUnavailable(
        f"programs can be isolated only at tier {tier!r} here, but {wanted!r} was requested "
        f"({reason}).{fix} Or lower `min_tier` for programs that you trust."
    )


def fix_for(missing: str) -> str | None:
    """Return how to make a missing layer available, or None if that is unknown."""
    return _FIXES.get(missing.split(":")[0])
