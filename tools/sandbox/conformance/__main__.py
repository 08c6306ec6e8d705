"""Try the sandbox of this machine: `python -m refinegraph.tools.sandbox.conformance`."""

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
    """Print what is not as it has to be; 1 where anything is not."""
    asked = _parser().parse_args(arguments)
    report, controls = asyncio.run(_tried(asked))
    if asked.json:
        print(json.dumps({**report.model_dump(), "controls": controls}))
    else:
        dead = [name for name, got_through in controls.items() if not got_through]
        print("\n".join([str(report), *(f"DEAD {name}: harmless in any case" for name in dead)]))
    return 0 if report.ok and all(controls.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m refinegraph.tools.sandbox.conformance")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--quick", action="store_true", help="leave out programs that take long")
    parser.add_argument(
        "--controls",
        action="store_true",
        help="also try whether each attack gets through without the layers that stop it",
    )
    parser.add_argument(
        "--at-once", type=int, default=2, metavar="N", help="programs at the same time"
    )
    parser.add_argument(
        "--without",
        type=_layers,
        default=(),
        metavar="LAYERS",
        help="layers to leave out, joined by commas",
    )
    return parser


def _layers(text: str) -> tuple[Layer, ...]:
    try:
        return TypeAdapter(tuple[Layer, ...]).validate_python(text.split(","))
    except ValidationError:
        raise argparse.ArgumentTypeError(
            f"layers are {', '.join(get_args(Layer))}, joined by commas; got {text!r}"
        ) from None


async def _tried(asked: argparse.Namespace) -> tuple[ConformanceReport, dict[str, bool]]:
    def backend(*, policy: SandboxPolicy) -> Sandbox:
        return Sandbox(policy=policy.model_copy(update={"without": asked.without}))

    cases = [case for case in CASES if case.quick or not asked.quick]
    report = await run_conformance(backend, cases, at_once=asked.at_once)
    controls = await run_controls(cases if asked.controls else (), at_once=asked.at_once)
    return report, controls


if __name__ == "__main__":
    sys.exit(main())
