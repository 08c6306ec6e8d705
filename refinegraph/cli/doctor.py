"""`refinegraph doctor`."""

import argparse
import asyncio
import platform
import sys

from refinegraph import __version__
from refinegraph.config import find_setting, home
from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Verdict


def run(options: argparse.Namespace) -> int:
    """Say what this machine can do, by doing it; 4 where programs cannot be isolated."""
    print(f"refinegraph  {__version__}")
    print(f"python       {platform.python_version()}  {sys.executable}")
    print(f"system       {platform.system()} {platform.release()} {platform.machine()}")
    model, base = find_setting("model"), find_setting("api_base")
    print(f"model        {f'{model.value}  (from {model.source})' if model else 'none set'}")
    if base:
        print(f"api base     {base.value}  (from {base.source})")
    print(f"data         {home()}")
    try:
        verdict = asyncio.run(_probe())
    except SandboxUnavailable as error:
        print(f"sandbox      not available: {error}")
        return error.exit_code
    print(f"sandbox      {verdict.isolation.tier}: {', '.join(verdict.isolation.layers)}")
    for missing in verdict.isolation.degraded:
        print(f"             missing {missing}")
    return 0 if verdict.passed else SandboxUnavailable.exit_code


async def _probe() -> Verdict:
    from refinegraph.tools.sandbox import Sandbox

    return await Sandbox().check("def add(a, b): return a + b", "add", [((1, 2), 3)])
