"""Decide when to give up on an evaluation whose runs all fail for the same reason."""

from refinegraph.errors import ModelError, SettingError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.judging import require_sandbox
from refinegraph.tools.sandbox import Sandbox

# An invalid key or an unreachable server fails every run. A smaller number would give up on a
# server that drops a few requests while it starts; a larger one would wait for useless retries.
_HOPELESS = 5


class Hope:
    """Judges from finished runs whether the remaining runs are worth starting."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._answered = False
        self._failed = 0

    async def after(self, failed: Failed | None) -> None:
        """Record how a run ended; pass None for a run with a result.

        Raises:
            ModelError: The first five runs all failed because of the model.
            SandboxUnavailable: The sandbox failed in a run and also fails on a trivial program.
            SettingError: A model, key or price is not configured, which affects every run.
        """
        if failed is None:
            self._answered = True
            return
        if failed.error.kind == "setting":
            raise SettingError(failed.error.detail)
        if failed.error.kind == "sandbox":
            await require_sandbox(self._sandbox)
        if failed.blames_model:
            self._failed += 1
            if self._failed >= _HOPELESS and not self._answered:
                raise ModelError(failed.error.detail)
