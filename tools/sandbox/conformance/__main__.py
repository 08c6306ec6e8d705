"""Try the sandbox of this machine: `python -m refinegraph.tools.sandbox.conformance`."""

import asyncio
import sys

from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.sandbox.conformance import CASES, run_conformance


def main() -> int:
    """Print what is not as it has to be; 1 where anything is not."""
    report = asyncio.run(run_conformance(Sandbox, CASES))
    print(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
