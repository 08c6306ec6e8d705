"""Pages of finished runs, behind signed links."""

import asyncio
import hashlib
import hmac
import logging
import secrets
from pathlib import Path

from refinegraph.errors import InputError
from refinegraph.html.run import run_page
from refinegraph.runs import RunStore
from refinegraph.schema import Problem, RefinementResult
from refinegraph.serving.refusals import Refusal
from refinegraph.support.private_files import make_private_folder, touch_private, write_private

_SECRET = "secret"
_log = logging.getLogger("refinegraph.serving")


class RunPages:
    """The runs that a server keeps. Links contain a signature of the run's id, so that clients
    cannot read the runs of others by guessing ids.

    Args:
        store: Where runs are kept; None to keep none.
        link: Address of the server, without a trailing slash.
    """

    def __init__(self, store: RunStore | None, link: str) -> None:
        self._store = store
        self._link = link
        self._secret = _read_secret(store.folder) if store else b""

    async def keep(self, id: str, problem: Problem, result: RefinementResult) -> str | None:
        """Keep a run and return the address of its page; None if it is not kept.

        If the disk is full, that is logged and the answer is sent all the same.
        """
        if self._store is None:
            return None
        try:
            await asyncio.to_thread(self._store.add, problem, result, id=id)
        except InputError as error:
            _log.warning("%s", error)
            return None
        return f"{self._link}/runs/{id}?key={self._signature(id)}"

    async def page(self, id: str, key: str) -> str:
        """Return the page of a run; raises `Refusal` for an invalid link."""
        if self._store is None or not hmac.compare_digest(
            key.encode(), self._signature(id).encode()
        ):
            raise Refusal(
                "there is no such page; use the link that came with the answer.",
                status=404,
                code="page_not_found",
            )
        try:
            kept = await asyncio.to_thread(self._store.get, id)
        except InputError:
            raise Refusal(
                f"run {id!r} is no longer kept.", status=404, code="page_not_found"
            ) from None
        return "".join(run_page(kept.result, prompt=kept.problem.prompt, finished=kept.finished))

    def _signature(self, id: str) -> str:
        return hmac.new(self._secret, id.encode(), hashlib.sha256).hexdigest()[:32]


def _read_secret(folder: Path) -> bytes:
    """Return the stored secret that signs links; a temporary one if it cannot be stored."""
    path = folder / _SECRET
    try:
        make_private_folder(folder)
        touch_private(path)
        text = path.read_text(encoding="ascii")
        if len(text) < 64:
            text = secrets.token_hex(32)
            write_private(path, [text])
        return bytes.fromhex(text)
    except (OSError, ValueError):
        return secrets.token_bytes(32)
