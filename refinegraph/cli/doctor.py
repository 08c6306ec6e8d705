"""`refinegraph doctor`: check models, sandbox and checkouts on this machine."""

import argparse
import importlib.util
import json
import platform
import sys
from typing import TYPE_CHECKING, NamedTuple, get_args

from refinegraph import __version__
from refinegraph.errors import ModelError, SandboxUnavailable
from refinegraph.options.config import EMBEDDED, find_setting, home, rates_folder
from refinegraph.options.discovery import ask_models, local_servers, providers_set_up
from refinegraph.support.blocking import run_sync
from refinegraph.terminal.console import output_console, say
from refinegraph.wording import plural

if TYPE_CHECKING:
    from rich.console import Console

    from refinegraph.schema import Isolation
    from refinegraph.tools.sandbox.conformance import ConformanceReport

_NAME_WIDTH = 13
_PART_WIDTH = 20


class _Finding(NamedTuple):
    """One line of the report; an empty name continues the finding above."""

    name: str
    text: str


class _Report:
    """Collects findings, printing each one at once unless they are wanted as JSON."""

    def __init__(self, console: "Console | None") -> None:
        self.findings: list[_Finding] = []
        self._console = console

    def add(self, name: str, text: str) -> None:
        """Add one finding."""
        self.findings.append(_Finding(name, text))
        if self._console:
            indent = _NAME_WIDTH if name else _NAME_WIDTH + _PART_WIDTH
            say(self._console, f"{name:<{_NAME_WIDTH}}{text}", indent=indent)

    def as_json(self, code: int) -> str:
        """Return the findings by name, each a list of lines."""
        grouped: dict[str, list[str]] = {}
        name = ""
        for finding in self.findings:
            name = finding.name or name
            grouped.setdefault(name, []).append(" ".join(finding.text.split()))
        return json.dumps({"ok": code == 0, "exit_code": code, **grouped}, indent=2)


def run(options: argparse.Namespace) -> int:
    """Check the capabilities of this machine; return the exit code for missing ones, or 0."""
    report = _Report(None if options.json else output_console())
    code = _forget_rates(report) if options.forget_rates else _examine(report)
    if options.json:
        print(report.as_json(code))
    return code


def _forget_rates(report: _Report) -> int:
    from refinegraph.runs.planning import rate_store

    report.add("rates", f"{plural(rate_store().forget(), 'model')} forgotten")
    return 0


def _examine(report: _Report) -> int:
    report.add("refinegraph", __version__)
    report.add("python", f"{platform.python_version()}  {sys.executable}")
    report.add("system", f"{platform.system()} {platform.release()} {platform.machine()}")
    report.add("data", str(home()))
    models = _models(report)
    _rates(report)
    sandbox = _sandbox(report)
    _trees(report)
    return sandbox or models


def _models(report: _Report) -> int:
    model, base = find_setting("model"), find_setting("api_base")
    report.add("model", f"{model.value}  (from {model.source})" if model else _own_model())
    keys = ", ".join(provider.variable for provider in providers_set_up())
    report.add("keys", keys or "none set")
    for server in local_servers():
        report.add("", f"{server.name} answers at {server.url}: --model {server.prefix}NAME")
    if base is None:
        return 0
    reason = ask_models(base.value).problem
    state = f"not reached: {reason}" if reason else "answers"
    report.add("api base", f"{base.value}  (from {base.source})  {state}")
    return ModelError.exit_code if reason else 0


def _own_model() -> str:
    if importlib.util.find_spec("xllamacpp") is None:
        return "none set, and the package's own needs: pip install 'refinegraph[local]'"
    return f"{EMBEDDED}, the package's own  (none is set)"


def _rates(report: _Report) -> None:
    """Report the learned success rates of models, in percent of the attempts."""
    if not rates_folder().exists():
        report.add("rates", "none learned yet")
        return
    from refinegraph.runs.planning import rate_store
    from refinegraph.terminal.rates import rate_lines

    lines = [line for kept in rate_store().all() for line in rate_lines(kept)]
    report.add("rates", lines[0] if lines else "none learned yet")
    for line in lines[1:]:
        report.add("", line)
    if lines:
        report.add("", "refinegraph doctor --forget-rates deletes them")


def _contained(contained: int, attempted: int) -> str:
    if contained == attempted:
        return f"all {attempted} attack programs were contained"
    return f"only {contained} of {attempted} attack programs were contained"


def _sandbox(report: _Report) -> int:
    from refinegraph.tools.sandbox.policy import Layer
    from refinegraph.tools.sandbox.tiers import fix_for

    try:
        isolation, attacks = run_sync(_probe())
    except SandboxUnavailable as error:
        report.add("sandbox", f"not available: {error}")
        return error.exit_code
    failed = sum(result.ok for result in attacks.results)
    report.add("sandbox", f"{isolation.tier}; {_contained(failed, len(attacks.results))}")
    missing = {reason.split(":")[0]: reason for reason in isolation.degraded}
    for layer in get_args(Layer):
        if layer in isolation.layers:
            report.add("", f"{layer:<{_PART_WIDTH}}in force")
    for name, reason in missing.items():
        fix = fix_for(name)
        words = f"missing{reason.removeprefix(name)}{f'; {fix}' if fix else ''}"
        report.add("", f"{name:<{_PART_WIDTH}}{words}")
    for result in attacks.results:
        if not result.ok:
            report.add("", str(result))
    strong_enough = isolation.tier in ("strong", "medium") and attacks.ok
    if not strong_enough:
        report.add("", "programs are not run here unless `min_tier` is lowered")
    return 0 if strong_enough else SandboxUnavailable.exit_code


def _trees(report: _Report) -> None:
    """Report how a checkout is copied for experiments, and which better ways are missing."""
    from refinegraph.tools.workspace.doctor import tree_backends

    reasons = run_sync(tree_backends())
    chosen = next((name for name, reason in reasons.items() if not reason), None)
    words = f"made by {chosen}" if chosen else "not available: commands are not run here"
    report.add("trees", words)
    for name, reason in reasons.items():
        if reason:
            report.add("", f"{name:<{_PART_WIDTH}}not available: {reason}")


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
