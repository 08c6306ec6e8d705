"""`refinegraph doctor`."""

import argparse
import asyncio
import platform
import sys
from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel

from refinegraph import __version__
from refinegraph.cli.files import print_exactly
from refinegraph.config import find_setting, home
from refinegraph.errors import InputError, ModelError, RefinegraphError, SandboxUnavailable
from refinegraph.schema import Verdict

_PATIENCE = 3.0
_LONGEST_LIST = 10_000_000
_LOCAL = {"ollama": "http://127.0.0.1:11434", "ollama_chat": "http://127.0.0.1:11434"}


class _Named(BaseModel):
    id: str = ""
    name: str = ""


class _Listed(BaseModel):
    """What OpenAI-compatible servers and Ollama list their models as."""

    data: tuple[_Named, ...] = ()
    models: tuple[_Named, ...] = ()


class Finding(NamedTuple):
    """One line of the report, and the exit code that it asks for."""

    name: str
    words: str
    code: int = 0


def run(options: argparse.Namespace) -> int:
    """Say what this machine can do, by doing it.

    Costs one sandbox run and, where the model's server is known by its address, one request to it
    that no model answers. 4 where programs cannot be isolated, 3 where the server cannot be
    reached, 2 where a setting is wrong.
    """
    findings = [
        Finding("refinegraph", __version__),
        Finding("python", f"{platform.python_version()}  {sys.executable}"),
        Finding("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        Finding("data", str(home())),
        *_guarded(_check_sandbox, "sandbox"),
        *_guarded(_check_model, "model"),
    ]
    report = "".join(f"{each.name:<12} {each.words}\n" for each in findings)
    print_exactly(report)
    return max(each.code for each in findings)


def _guarded(check: Callable[[], list[Finding]], name: str) -> list[Finding]:
    try:
        return check()
    except RefinegraphError as error:
        return [Finding(name, str(error), error.exit_code)]


def _check_sandbox() -> list[Finding]:
    verdict = asyncio.run(_probe())
    isolation = verdict.isolation
    found = [Finding("sandbox", f"{isolation.tier}: {', '.join(isolation.layers)}")]
    found += [Finding("", f"not had: {missing}") for missing in isolation.degraded]
    if not verdict.passed:
        words = f"a program that is right did not pass: {verdict.detail or verdict.status}"
        found.append(Finding("", words, SandboxUnavailable.exit_code))
    return found


async def _probe() -> Verdict:
    from refinegraph.tools.sandbox import Sandbox

    return await Sandbox().check("def add(a, b): return a + b", "add", [((1, 2), 3)])


def _check_model() -> list[Finding]:
    model, base = find_setting("model"), find_setting("api_base")
    if model is None:
        return [Finding("model", "none named; set REFINEGRAPH_MODEL or pass --model")]
    from refinegraph.agents.models import resolve_model

    found = [Finding("model", f"{model.value}  (from {model.source})")]
    resolve_model(model.value, api_base=base.value if base else None)
    address = base.value if base else _LOCAL.get(model.value.partition("/")[0])
    return [*found, *_guarded(lambda: [_reach(address)], "server")] if address else found


def _reach(address: str) -> Finding:
    """Ask a server for its list of models."""
    import urllib.request
    from urllib.error import HTTPError, URLError

    path = "/api/tags" if address in _LOCAL.values() else "/models"
    try:
        with urllib.request.urlopen(address.rstrip("/") + path, timeout=_PATIENCE) as answer:
            listed = _Listed.model_validate_json(answer.read(_LONGEST_LIST))
    except HTTPError as error:
        return Finding("server", f"{address} answers, with HTTP status {error.code}")
    except (URLError, TimeoutError, OSError) as error:
        raise ModelError(f"{address} cannot be reached: {error}") from None
    except ValueError:
        raise InputError(f"{address} does not answer as a model server does") from None
    names = [each.id or each.name for each in (*listed.data, *listed.models)]
    return Finding("server", f"{address} serves {', '.join(names[:8]) or 'no model'}")
