"""Every command and its flags; those of a run are declared in `refinegraph.options`."""

import argparse

from refinegraph import __version__
from refinegraph.cli.batch_arguments import add_batch, add_merge, add_shard
from refinegraph.cli.option_flags import add_options, reading

_EXIT_CODES = """\
exit codes:
  0    finished; the answer passed its visible tests or could not be checked
  1    finished; the answer fails visible tests
  2    bad input
  3    the model could not be reached or kept failing
  4    no sandbox
  130  interrupted"""


def make_parser(
    kind: type[argparse.ArgumentParser], *, only: str | None = None
) -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    With `only`, no other command than this one gets its flags, which spares the time to build them.
    """
    parser = kind(
        prog="refinegraph",
        description="Solve problems with any language model: propose, review, refine, prove.",
        epilog=_EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"refinegraph {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=kind)
    for name, (summary, add) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        if only in (None, name):
            add(command)
    return parser


def all_flags() -> list[str]:
    """Return every flag of every command."""
    flags: list[str] = []
    for _, add in _COMMANDS.values():
        command = argparse.ArgumentParser()
        add(command)
        flags += [flag for action in command._actions for flag in action.option_strings]
    return flags


def _add_solve(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", metavar="TEXT", help="the problem, or - to read it")
    command.add_argument("--tests", metavar="FILE", help="visible tests, in any form")
    command.add_argument("--dataset", metavar="FILE", help="take the problem from a data set")
    command.add_argument("--id", metavar="ID", help="which problem of the data set")
    add_options(command, "solve")


def _add_fix(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    add = command.add_argument
    add("path", nargs="?", metavar="PATH", help="folder of the checkout; default: this one")
    add("--test", metavar="CMD", help="command that runs the tests, such as 'pytest -q'")
    add("--issue", metavar="TEXT|FILE", help="what is wrong, in words or in a file")
    add("--lint", metavar="CMD", help="command that a patch must pass too")
    count = reading(Number(whole=True, least=1))
    add("--candidates", type=count, metavar="N", help="patches that are tried at most")
    add(
        "--protect",
        action="append",
        metavar="GLOB",
        help="files that no patch may change, beside tests and their settings; may be repeated",
    )
    add("--apply", action="store_true", help="apply a proved patch to the checkout")
    add("--demo", action="store_true", help="repair a small bundled project instead")
    add_options(command, "fix")


def _add_serve(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    add = command.add_argument
    count, seconds = reading(Number(whole=True, least=1)), reading(Number(least=0))
    port = reading(Number(whole=True, least=0, most=65_535))
    add("--host", default="127.0.0.1", help="default: 127.0.0.1; others need a key")
    add("--port", type=port, default=8400, metavar="N", help="default: 8400; 0 takes a free one")
    add("--also", metavar="A,B", help="further models by name")
    add("--menu", metavar="A,B:N", help="strategies that /v1/models lists; default: the package's")
    add("--keys", metavar="FILE", help="clients with their keys and daily budgets, as TOML")
    add("--link", metavar="URL", help="address by which clients reach it, for links to runs")
    add(
        "--concurrency",
        type=count,
        default=64,
        metavar="N",
        help="model calls in flight at most; default: 64",
    )
    add(
        "--most-requests",
        type=count,
        default=1024,
        metavar="N",
        help="requests in work at most; default: 1024",
    )
    add(
        "--grace",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="that requests have to end at Ctrl-C; default: 10",
    )
    add("--log-requests", action="store_true", help="print a line for each request")
    add_options(command, "serve")


def _add_mcp(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    add = command.add_argument
    port = reading(Number(whole=True, least=0, most=65_535))
    add("--http", action="store_true", help="serve over HTTP on the loopback, not over stdio")
    add("--port", type=port, default=8401, metavar="N", help="of --http; default: 8401")
    add("--root", default=".", metavar="DIR", help="repair only checkouts within; default: .")
    add_options(command, "mcp")


def _add_resume(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("id", metavar="ID", nargs="?", default="last", help="as `refinegraph runs` lists it")
    add(
        "--as-recorded",
        action="store_true",
        help="use the server and the files that the run was begun with, though your own settings"
        " do not name them",
    )
    add_options(command, "resume")


def _add_eval(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    count = reading(Number(whole=True, least=1))
    share = reading(Number(least=0, most=1))
    add = command.add_argument
    add("--dataset", metavar="FILE", required=True, help="problems with hidden tests or answers")
    add("--out", metavar="DIR", required=True, help="where results are written as they come")
    add("--resume", action="store_true", help="go on with what is in the folder")
    add("--limit", type=count, metavar="N", help="the first N problems only")
    add("--ids", metavar="A,B", help="these problems only")
    add("--shuffle", action="store_true", help="shuffle the problems, using --seed")
    add("--concurrency", type=count, default=8, metavar="C", help="calls in flight; default: 8")
    add_shard(command)
    add("--fail-under", type=share, metavar="X", help="exit 1 below this accuracy (last strategy)")
    add("--baselines", action="store_true", help="add the strategies that only sample")
    add(
        "--fit",
        metavar="FILE",
        help="fit a confidence calibration to these runs, for --calibration",
    )
    add(
        "--no-reference-check",
        dest="reference_check",
        action="store_false",
        help="keep problems whose hidden tests fail the reference solution",
    )
    add_options(command, "eval")


def _add_compare(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    add = command.add_argument
    add("folders", nargs="+", metavar="DIR", help="folders of `refinegraph eval`")
    add("--output", metavar="FILE", help="write the comparison as a page as well")
    add("--baseline", metavar="NAME", help="STRATEGY or DIR/STRATEGY to compare the others with")
    share = reading(Number(least=0, most=1))
    add("--fail-under", type=share, metavar="X", help="exit 1 below this accuracy (last one)")


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument("folders", nargs="+", metavar="DIR", help="folders of `refinegraph eval`")
    formats = (
        *("sft", "dpo", "step", "step-pair", "critique"),
        *("rollout", "move", "error", "question"),
    )
    command.add_argument("--format", choices=formats, required=True, help="what a line teaches")
    command.add_argument("--output", metavar="FILE", help="default: standard output")


def _add_metrics(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "words",
        nargs="*",
        metavar="DIR|NAME",
        help="folders of `refinegraph eval`, and names of metrics; default: every metric."
        " Without a folder, the definitions",
    )
    add("--json", action="store_true", help="print a list of objects")
    add("--output", metavar="FILE", help="write the figures as a page as well")


def _add_runs(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number

    count = reading(Number(whole=True, least=1))
    command.add_argument("--limit", type=count, default=20, metavar="N", help="default: 20")


def _add_run_id(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID", help="as `refinegraph runs` lists it, or last")


def _add_view(command: argparse.ArgumentParser) -> None:
    _add_run_id(command)
    command.add_argument("--output", metavar="FILE", help="default: run-ID.html in this folder")


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", nargs="?", metavar="FILE", help="default: the user's own")
    command.add_argument("--clear", action="store_true", help="forget every answer")


def _add_demo(command: argparse.ArgumentParser) -> None:
    add_options(command, "demo")


def _add_graph(command: argparse.ArgumentParser) -> None:
    command.add_argument("strategy", metavar="STRATEGY")
    command.add_argument("--format", choices=("mermaid", "png", "svg", "text"), default="text")
    command.add_argument("--output", metavar="FILE", help="default: standard output")


def _add_strategies(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("word", nargs="?", metavar="NAME|WORD", help="one strategy whole, or those that match")
    add(
        "--needs",
        metavar="PART",
        help="only those that need it: scorer, environment, memory, examples, ...; none: no part",
    )
    add("--json", action="store_true", help="print a list of objects")


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "action",
        nargs="?",
        choices=("trust", "untrust"),
        help="let a refinegraph.toml choose servers and files too, as it is now; or stop that",
    )
    command.add_argument("path", nargs="?", metavar="PATH", help="that refinegraph.toml")


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--forget-rates",
        action="store_true",
        help="delete what was learned of how often models succeed, and do nothing else",
    )


_COMMANDS = {
    "solve": ("solve one problem", _add_solve),
    "fix": ("repair a checkout whose tests fail, and print the proved patch", _add_fix),
    "eval": ("compare strategies over a data set, with intervals", _add_eval),
    "batch": ("solve many problems of a file, without known answers", add_batch),
    "merge": ("put the results of shards together", add_merge),
    "compare": ("compare folders of results", _add_compare),
    "metrics": ("compute the metrics of papers from results", _add_metrics),
    "export": ("write training data out of results", _add_export),
    "serve": ("answer clients of OpenAI's protocol with proved results", _add_serve),
    "mcp": ("offer the tools to coding agents over the Model Context Protocol", _add_mcp),
    "demo": ("watch programs fail, be repaired and proved; then try problems of yours", _add_demo),
    "resume": ("go on with a run that did not end", _add_resume),
    "runs": ("list the runs that were kept", _add_runs),
    "show": ("print a run that was kept", _add_run_id),
    "view": ("write the page of a run", _add_view),
    "rm": ("forget a run", _add_run_id),
    "cache": ("look at the kept answers, or clear them", _add_cache),
    "strategies": ("list the strategies, and the published systems by name", _add_strategies),
    "graph": ("print a strategy's graph", _add_graph),
    "config": ("show the settings and where they come from; trust a file of them", _add_config),
    "doctor": ("say what this machine can do", _add_doctor),
}

COMMANDS = tuple(_COMMANDS)
"""The names of the commands."""

MODULES = {
    name: f"refinegraph.cli.{'runs' if name in ('show', 'view', 'rm') else name}"
    for name in _COMMANDS
}
"""The module of each command, imported when it is called."""
