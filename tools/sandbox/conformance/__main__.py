"""Test the sandbox of this machine: `python -m refinegraph.tools.sandbox.conformance`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.conformance import (
    CASES,
    ConformanceReport,
    run_conformance,
    run_controls,
)
from refinegraph.tools.sandbox.policy import Layer


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the failures; return 1 if there are any and 0 otherwise."""
    options = _parser().parse_args(arguments)
    report, controls = asyncio.run(_run(options))
    if options.json:
        print(json.dumps({**report.model_dump(), "controls": controls}))
    else:
        dead = [name for name, succeeded in controls.items() if not succeeded]
        lines = (f"DEAD {name}: harmless even without the layers that stop it" for name in dead)
        print("\n".join([str(report), *lines]))
    return 0 if report.ok and all(controls.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m refinegraph.tools.sandbox.conformance")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--quick", action="store_true", help="skip programs that take long")
    parser.add_argument(
        "--controls",
        action="store_true",
        help="also check that every attack succeeds without the layers that stop it",
    )
    parser.add_argument(
        "--at-once", type=int, default=2, metavar="N", help="number of concurrent programs"
    )
    parser.add_argument(
        "--without",
        type=_layers,
        default=(),
        metavar="LAYERS",
        help="comma-separated layers to leave out",
    )
    return parser


def _layers(text: str) -> tuple[Layer, ...]:
    try:
        return TypeAdapter(tuple[Layer, ...]).validate_python(text.split(","))
    except ValidationError:
        raise argparse.ArgumentTypeError(
            f"expected comma-separated layers of {', '.join(get_args(Layer))}; got {text!r}"
        ) from None


async def _run(options: argparse.Namespace) -> tuple[ConformanceReport, dict[str, bool]]:
    def backend(*, policy: SandboxPolicy) -> Sandbox:
        return Sandbox(policy=policy.model_copy(update={"disabled_layers": options.without}))

    cases = [case for case in CASES if case.quick or not options.quick]
    report = await run_conformance(backend, cases, concurrency=options.at_once)
    controls = await run_controls(cases if options.controls else (), concurrency=options.at_once)
    return report, controls


if __name__ == "__main__":
    sys.exit(main())
