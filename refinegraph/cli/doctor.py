"""`refinegraph doctor`."""

import argparse
import importlib.util
import platform
import sys
from typing import TYPE_CHECKING, get_args

from refinegraph import __version__
from refinegraph.cli.discovery import keys_set, local_servers, why_unreachable
from refinegraph.errors import ModelError, SandboxUnavailable
from refinegraph.options.config import EMBEDDED, find_setting, home, rates_folder
from refinegraph.support.blocking import run_sync
from refinegraph.wording import plural

if TYPE_CHECKING:
    from refinegraph.schema import Isolation
    from refinegraph.tools.sandbox.conformance import ConformanceReport


def run(options: argparse.Namespace) -> int:
    """Say what this machine can do, by doing it; the exit code of what is missing, else 0."""
    if options.forget_rates:
        from refinegraph.runs.planning import rate_store

        _say("rates", f"{plural(rate_store().forget(), 'model')} forgotten")
        return 0
    _say("refinegraph", __version__)
    _say("python", f"{platform.python_version()}  {sys.executable}")
    _say("system", f"{platform.system()} {platform.release()} {platform.machine()}")
    _say("data", str(home()))
    models = _models()
    _rates()
    sandbox = _sandbox()
    _trees()
    return sandbox or models


def _say(name: str, text: str) -> None:
    print(f"{name:<13}{text}")


def _models() -> int:
    model, base = find_setting("model"), find_setting("api_base")
    _say("model", f"{model.value}  (from {model.source})" if model else _own_model())
    _say("keys", ", ".join(keys_set()) or "none set")
    for server in local_servers():
        _say("", f"{server.name} answers at {server.url}: --model {server.prefix}")
    if base is None:
        return 0
    reason = why_unreachable(base.value)
    state = f"not reached: {reason}" if reason else "answers"
    _say("api base", f"{base.value}  (from {base.source})  {state}")
    return ModelError.exit_code if reason else 0


def _own_model() -> str:
    if importlib.util.find_spec("xllamacpp") is None:
        return "none set, and the package's own needs: pip install 'refinegraph[local]'"
    return f"{EMBEDDED}, the package's own  (none is set)"


def _rates() -> None:
    """Say what was learned of models, in percent of the attempts, or that nothing was."""
    if not rates_folder().exists():
        _say("rates", "none learned yet")
        return
    from refinegraph.runs.planning import rate_store
    from refinegraph.terminal.rates import rate_lines

    lines = [line for kept in rate_store().all() for line in rate_lines(kept)]
    _say("rates", lines[0] if lines else "none learned yet")
    for line in lines[1:]:
        _say("", line)
    if lines:
        _say("", "refinegraph doctor --forget-rates deletes them")


def _sandbox() -> int:
    from refinegraph.tools.sandbox.policy import Layer
    from refinegraph.tools.sandbox.tiers import fix_for

    try:
        isolation, report = run_sync(_probe())
    except SandboxUnavailable as error:
        _say("sandbox", f"not available: {error}")
        return error.exit_code
    refused = sum(result.ok for result in report.results)
    _say("sandbox", f"{isolation.tier}; {refused} of {len(report.results)} attacks came to nothing")
    missing = {each.split(":")[0]: each for each in isolation.degraded}
    for layer in get_args(Layer):
        if layer in isolation.layers:
            _say("", f"{layer:<19} in force")
    for name, reason in missing.items():
        fix = fix_for(name)
        _say("", f"{name:<19} missing{reason.removeprefix(name)}{f'; {fix}' if fix else ''}")
    for result in report.results:
        if not result.ok:
            _say("", str(result))
    strong_enough = isolation.tier in ("strong", "medium") and report.ok
    if not strong_enough:
        _say("", "programs are not run here unless `min_tier` is lowered")
    return 0 if strong_enough else SandboxUnavailable.exit_code


def _trees() -> None:
    """Say how a checkout is worked on without touching it, and why not in a better way."""
    from refinegraph.tools.workspace.doctor import tree_backends

    reasons = run_sync(tree_backends())
    chosen = next((name for name, reason in reasons.items() if not reason), None)
    _say("trees", f"made by {chosen}" if chosen else "not available: commands are not run here")
    for name, reason in reasons.items():
        if reason:
            _say("", f"{name:<19} not available: {reason}")


async def _probe() -> "tuple[Isolation, ConformanceReport]":
    from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
    from refinegraph.tools.sandbox.conformance import CASES, run_conformance

    def anything(*, policy: SandboxPolicy) -> Sandbox:
        return Sandbox(policy=policy, min_tier="none")

    verdict = await anything(policy=SandboxPolicy()).check(
        "def add(a, b): return a + b", "add", [((1, 2), 3)]
    )
    quick = [case for case in CASES if case.control and "cpu_exceeded" not in case.expected]
    return verdict.isolation, await run_conformance(anything, quick)
