"""Every exception that refinegraph raises on purpose.

    RefinegraphError
    ├── InputError            bad input: a file, a problem, a name, an option   (exit code 2)
    │   ├── SettingError      a model, a provider or a key that is not set up   (exit code 2)
    │   └── ModelAbstained    the model says that it does not know such problems (exit code 2)
    ├── ModelError            a model could not be reached or kept failing      (exit code 3)
    │   ├── ModelRequestRefused   the provider refused the request; retrying is useless
    │   ├── ContextTooLong        the prompt does not fit the model
    │   └── ModelCallBlocked      a real call was made where only scripted ones are allowed
    ├── DeadlineExceeded      the run's time was up before a call ended
    ├── SandboxUnavailable    the sandbox cannot be had at the asked tier       (exit code 4)
    └── StateError            a node or a caller wrote something that is not valid state

A program that fails is a value (`Verdict`), a sandbox that fails is an exception.
"""


class RefinegraphError(Exception):
    """Anything that refinegraph raises on purpose; its text is one sentence for a person."""

    exit_code = 1


class InputError(RefinegraphError, ValueError):
    """Input that cannot be used: what was wrong, the value, what was expected, what to do."""

    exit_code = 2


class SettingError(InputError):
    """A model, provider or key that is unknown or not set up."""


class ModelAbstained(InputError):
    """A problem that a model says is outside of what it knows; another model may solve it."""


class ModelError(RefinegraphError):
    """A model that could not be reached, or kept failing after every retry."""

    exit_code = 3


class ModelRequestRefused(ModelError):
    """A request that the provider refuses whatever the number of attempts."""


class ContextTooLong(ModelRequestRefused):
    """A prompt that does not fit the model's context."""


class ModelCallBlocked(ModelError):
    """A real model call where `refinegraph.agents.models.block_real_calls` forbids it."""


class DeadlineExceeded(RefinegraphError, TimeoutError):
    """The run's time was up before a call ended."""

    exit_code = 3


class BudgetExceeded(DeadlineExceeded):
    """The run's budget was spent before a call was made."""


class SandboxUnavailable(RefinegraphError):
    """No sandbox of the asked tier; names the layer, the system's error and the fix."""

    exit_code = 4


class StateError(RefinegraphError):
    """A write to the graph's state that is not valid; nothing was written."""
