"""`python -m refinegraph`."""

import sys

from refinegraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
