"""A plug-in for the command `llm`: `llm -m refinegraph/adaptive`, and tools that prove code.

Install it with `llm install 'refinegraph[local]'`; `llm` finds this module by an entry point.
"""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pluggy import HookimplMarker
from pydantic import Field

STRATEGIES = (
    "adaptive",
    "single",
    "self-consistency",
    "best-of-n",
    "sample-until",
    "self-refine",
    "magicore",
)
"""The strategies that are models of `llm`. They are listed here because `llm` imports its plug-ins
at every start, and the registry of strategies takes a second to import."""

_hook = HookimplMarker("llm")


@_hook
def register_models(register: Callable[..., None]) -> None:
    """Register every strategy as a model."""
    kind = _model_class()
    for strategy in STRATEGIES:
        register(kind(strategy))


@_hook
def register_tools(register: Callable[..., None]) -> None:
    """Register the sandbox as tools: `llm -T verify -T run_python`."""
    register(verify)
    register(run_python)


def verify(program: str, tests: str) -> str:
    """Run a Python program against tests in a sandbox; say which of them pass.

    Tests are assert lines, functions named test_*, or a >>> session.
    """
    from refinegraph.errors import RefinegraphError
    from refinegraph.options import RunOptions
    from refinegraph.support.blocking import run_sync
    from refinegraph.toolbox import Toolbox
    from refinegraph.tools.sandbox import Sandbox

    try:
        return run_sync(Toolbox(RunOptions(), Sandbox()).verify(program, tests)).model_dump_json()
    except RefinegraphError as error:
        return json.dumps({"error": str(error)})


def run_python(program: str, stdin: str = "") -> str:
    """Run a Python script in a sandbox without network, and return what it prints."""
    from refinegraph.tools.python_tool import execute_python

    told: Any = execute_python().invoke({"code": program, "stdin": stdin})
    return str(told)


def _model_class() -> Any:
    """Return the class of the models, which inherits from `llm`'s."""
    llm: Any = import_module("llm")

    class Options(llm.Options):  # type: ignore[misc]
        model: str | None = Field(
            default=None, description="model of every role, such as ollama_chat/qwen3:8b"
        )
        api_base: str | None = Field(default=None, description="address of the models' server")
        tests: str | None = Field(default=None, description="assert lines, or a file of tests")
        kind: str | None = Field(default=None, description="code, math, choice or text")
        samples: int | None = Field(default=None, description="maximum number of candidates")
        rounds: int | None = Field(default=None, description="maximum rounds of refinement")
        budget_tokens: int | None = Field(default=None, description="stop after so many tokens")
        timeout: float | None = Field(default=None, description="stop after so many seconds")

    class StrategyModel(llm.Model):  # type: ignore[misc]
        can_stream = False

        def __init__(self, strategy: str) -> None:
            self.strategy = strategy
            self.model_id = f"refinegraph/{strategy}"

        def execute(
            self, prompt: Any, stream: bool, response: Any, conversation: Any
        ) -> Iterator[str]:
            yield _answer(self.strategy, prompt, response, conversation, llm.ModelError)

    StrategyModel.Options = Options
    return StrategyModel


def _answer(
    strategy: str, prompt: Any, response: Any, conversation: Any, failure: type[Exception]
) -> str:
    """Solve a prompt; the tokens and the whole report go to the log of `llm`."""
    from refinegraph.errors import RefinegraphError
    from refinegraph.runs.report import report
    from refinegraph.runs.solving import solve
    from refinegraph.wording import outcome_words

    options = prompt.options.model_dump(exclude_none=True)
    try:
        tests = _tests(options.pop("tests", ""))
        said = _statement(prompt, conversation)
        result = solve(said, tests=tests, strategy=strategy, **options)
    except RefinegraphError as error:
        raise failure(str(error)) from None
    usage = result.usage
    response.set_usage(input=usage.prompt_tokens, output=usage.completion_tokens)
    response.response_json = report(result).model_dump(mode="json")
    if result.answer is None:
        raise failure(f"no usable answer: {result.stop_reason.detail}")
    # On standard error, since the answer may be redirected.
    print(f"refinegraph: {outcome_words(result)}", file=sys.stderr)
    return result.answer


def _tests(given: str) -> str:
    """Return the tests in a file, or in the option itself."""
    from refinegraph.errors import InputError

    if not given or any(mark in given for mark in ("\n", "assert", ">>>")):
        return given
    try:
        return Path(given).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"tests={given!r} is neither assert lines nor a file.") from None


def _statement(prompt: Any, conversation: Any) -> str:
    """Return the prompt, after the conversation so far."""
    earlier: list[Any] = conversation.responses if conversation else []
    before = [f"user: {turn.prompt.prompt}\n\nassistant: {turn.text()}" for turn in earlier]
    parts = [prompt.system or ""]
    if before:
        parts += ["The conversation so far:", *before, "Do what the last message asks:"]
    return "\n\n".join(filter(None, [*parts, prompt.prompt]))
