"""The flags of commands that run a graph: `solve`, `fix`, `demo`, `resume`."""

import argparse

from refinegraph.cli.option_flags import add_options, number


def add_solve(command: argparse.ArgumentParser) -> None:
    """Add the flags of `solve`."""
    add = command.add_argument
    add(
        "text",
        nargs="?",
        metavar="TEXT",
        help="the problem; read from standard input if it is - or left out and input is piped",
    )
    words = "visible tests: asserts, test functions, doctests or JSON"
    add("-t", "--tests", metavar="FILE", help=words)
    add("--dataset", metavar="FILE", help="take the problem from a dataset")
    add("--id", metavar="ID", help="the problem's id in the dataset")
    add_options(command, "solve")


def add_fix(command: argparse.ArgumentParser) -> None:
    """Add the flags of `fix`."""
    add = command.add_argument
    add("path", nargs="?", metavar="PATH", help="folder of the checkout; default: this one")
    add("--test", metavar="CMD", help="command that runs the tests, such as 'pytest -q'")
    add(
        "--failing",
        action="append",
        metavar="NAME",
        help="failing test that a patch has to make pass, by id, name or file; may be repeated; "
        "default: all that fail",
    )
    add("--issue", metavar="TEXT|FILE", help="what is wrong, in words or in a file")
    add(
        "--issue-tests",
        type=number(whole=True, minimum=0),
        metavar="N",
        help="test files that the model writes from the issue, to rank patches (default: 3)",
    )
    add("--lint", metavar="CMD", help="command that a patch must pass too")
    count = number(whole=True, minimum=1)
    add("-n", "--candidates", type=count, metavar="N", help="maximum number of patches to try")
    add(
        "--protect",
        action="append",
        metavar="GLOB",
        help="files that no patch may change, besides tests and their settings; may be repeated",
    )
    add("--apply", action="store_true", help="apply a proved patch to the checkout")
    add("--demo", action="store_true", help="repair a small bundled project instead")
    add_options(command, "fix")


def add_demo(command: argparse.ArgumentParser) -> None:
    """Add the flags of `demo`."""
    command.add_argument(
        "--no-tour", dest="tour", action="store_false", help="go straight to the prompt"
    )
    add_options(command, "demo")


def add_resume(command: argparse.ArgumentParser) -> None:
    """Add the flags of `resume`."""
    add = command.add_argument
    add(
        "id",
        metavar="ID",
        nargs="?",
        default="last",
        help="as `refinegraph runs` lists it; default: last",
    )
    add(
        "--as-recorded",
        action="store_true",
        help="use the server and files recorded when the run began, even if your own settings do"
        " not name them",
    )
    add_options(command, "resume")
