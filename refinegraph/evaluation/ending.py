"""When to give up on many runs: what fails for one reason in all of them ends the work early."""

from refinegraph.errors import ModelError, SettingError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.judging import require_sandbox
from refinegraph.tools.sandbox import Sandbox

# One bad key or a server that is down fails every run. Fewer would give up on a server that
# drops a few requests while it starts; more would wait for retries that cannot help.
_HOPELESS = 5


class Hope:
    """Whether it is worth going on with further runs, judged by those that ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._answered = False
        self._failed = 0

    async def after(self, failed: Failed | None) -> None:
        """Take in how a run ended, None where it has a result.

        Raises:
            ModelError: The first five runs all failed because of their model.
            SandboxUnavailable: The sandbox failed in a run, and fails on a plain program as well.
            SettingError: A model, a key or a price is not set up, which is so for every run.
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
