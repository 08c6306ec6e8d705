"""The exceptions that refinegraph raises.

    RefinegraphError
    ├── InputError            bad input: a file, a problem, a name, an option   (exit code 2)
    │   ├── SettingError      a model, a provider or a key that is not set up   (exit code 2)
    │   └── ModelAbstained    a model that declares a problem out of its scope  (exit code 2)
    ├── ModelError            a model could not be reached or kept failing      (exit code 3)
    │   ├── ModelRequestRefused   the provider refused the request; a retry cannot succeed
    │   ├── ContextTooLong        the prompt does not fit the model
    │   └── ModelCallBlocked      a real call was made where only scripted ones are allowed
    ├── DeadlineExceeded      the run's deadline passed before a call ended     (exit code 3)
    ├── SandboxUnavailable    no sandbox of the requested tier is available     (exit code 4)
    └── StateError            a node or a caller wrote an invalid state

A failing program is a value (`Verdict`); a failing sandbox is an exception.
"""


class RefinegraphError(Exception):
    """Base class of refinegraph's exceptions; the message is one sentence for the user."""

    exit_code = 1


class InputError(RefinegraphError, ValueError):
    """Unusable input; the message names the problem, the value, what was expected and a fix."""

    exit_code = 2


class SettingError(InputError):
    """A model, provider or key that is unknown or not set up."""


class ModelAbstained(InputError):
    """A model declared a problem to be outside its scope; another model may solve it."""


class ModelError(RefinegraphError):
    """A model could not be reached, or kept failing after all retries."""

    exit_code = 3


class ModelRequestRefused(ModelError):
    """The provider refused a request, and retrying cannot succeed."""


class ContextTooLong(ModelRequestRefused):
    """A prompt does not fit into the model's context."""


class ModelCallBlocked(ModelError):
    """A real model call was made inside `refinegraph.agents.models.block_real_calls`."""


class DeadlineExceeded(RefinegraphError, TimeoutError):
    """The run's deadline passed before a call ended."""

    exit_code = 3


class BudgetExceeded(DeadlineExceeded):
    """The run's budget was spent before a call was made."""


class SandboxUnavailable(RefinegraphError):
    """No sandbox of the requested tier; the message names the layer, the error and the fix."""

    exit_code = 4


class StateError(RefinegraphError):
    """A write to the graph's state was invalid; nothing was written."""
