"""The flags of `eval`, `compare`, `metrics` and `export`."""

import argparse

from refinegraph.cli.batch_arguments import add_cluster, add_shard
from refinegraph.cli.option_flags import add_json, add_options, number


def add_eval(command: argparse.ArgumentParser) -> None:
    """Add the flags of `eval`."""
    count, share = number(whole=True, minimum=1), number(minimum=0, maximum=1)
    add = command.add_argument
    add("--dataset", metavar="FILE", required=True, help="problems with hidden tests or answers")
    add("-o", "--out", metavar="DIR", required=True, help="folder for the results")
    add("--resume", action="store_true", help="continue with the results in the folder")
    add("--limit", type=count, metavar="N", help="only the first N problems")
    add("--ids", metavar="A,B", help="only these problems")
    add("--shuffle", action="store_true", help="shuffle the problems, using --seed")
    add(
        "--concurrency",
        type=count,
        default=8,
        metavar="C",
        help="model calls in flight; default: 8",
    )
    add_shard(command)
    add_cluster(command)
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
        help="keep problems whose reference solution fails the hidden tests",
    )
    add_json(command, "print the summary as one JSON object")
    add_options(command, "eval")
    for action in command._actions:
        if action.dest == "strategy":
            action.metavar = "A,B"
            action.help = "strategies to compare; `refinegraph strategies` lists all of them"


def add_compare(command: argparse.ArgumentParser) -> None:
    """Add the flags of `compare`."""
    add = command.add_argument
    add("folders", nargs="+", metavar="DIR", help="result folders of `refinegraph eval`")
    add("-o", "--output", metavar="FILE", help="also write the comparison as an HTML page")
    add(
        "--baseline",
        metavar="NAME",
        help="STRATEGY or DIR/STRATEGY to compare the others with; default: the first",
    )
    share = number(minimum=0, maximum=1)
    add("--fail-under", type=share, metavar="X", help="exit 1 below this accuracy (last strategy)")
    add_json(command, "print the summary as one JSON object")


def add_export(command: argparse.ArgumentParser) -> None:
    """Add the flags of `export`, whose lines are JSON in any case."""
    add = command.add_argument
    add("folders", nargs="+", metavar="DIR", help="result folders of `refinegraph eval`")
    formats = (
        *("sft", "dpo", "step", "step-pair", "critique"),
        *("rollout", "move", "error", "question"),
    )
    add("--format", choices=formats, required=True, help="what the lines are training data for")
    add("-o", "--output", metavar="FILE", help="default: standard output")


def add_metrics(command: argparse.ArgumentParser) -> None:
    """Add the flags of `metrics`."""
    add = command.add_argument
    add(
        "words",
        nargs="*",
        metavar="DIR|NAME",
        help="result folders of `refinegraph eval`, and names of metrics; default: every metric."
        " Without a folder, the definitions",
    )
    add("-o", "--output", metavar="FILE", help="also write the metrics as an HTML page")
    add_json(command, "print a list of objects")
