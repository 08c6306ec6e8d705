"""Kinds of workers, and the settings with which every worker is started."""

import sysconfig
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools.sandbox.guest.settings import Settings
from refinegraph.tools.sandbox.policy import SandboxPolicy

GUEST = Path(__file__).with_name("guest")
OPTIONS = ("-S", "-s", "-P", "-B")
BASE_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "LD_BIND_NOW": "1",
}
"""Besides a fixed hash seed and one thread a library: symbols are resolved once in the worker, and
not again in every fork."""


class WorkerKind(NamedTuple):
    """The properties in which interchangeable workers agree."""

    settings: Settings
    environment: tuple[tuple[str, str], ...]
    container: str | None = None
    """The image of the container to run in, if any."""
    memory_mb: int = 0
    """Memory limit of the container; unused without one."""


def kind_of_worker(policy: SandboxPolicy) -> WorkerKind:
    """Return the kind of worker that a policy requires."""
    paths = _import_paths() if policy.preload else ()
    settings = Settings(
        disabled_layers=policy.disabled_layers,
        readable=(*policy.readable, *paths),
        import_paths=paths,
        preload=policy.preload,
        warm_up=policy.warm_up,
        folder_mb=policy.folder_mb,
        folder_files=policy.folder_files,
        threads=policy.threads,
    )
    if policy.container is None:
        return WorkerKind(settings, policy.environment)
    return WorkerKind(settings, policy.environment, policy.container, policy.memory_mb)


def _import_paths() -> tuple[str, ...]:
    paths = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return tuple(dict.fromkeys(path for path in paths if Path(path).is_dir()))
