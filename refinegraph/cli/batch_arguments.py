"""The flags of `batch` and `merge`, and of shards."""

import argparse
from typing import TYPE_CHECKING

from refinegraph.cli.option_flags import add_json, add_options, reading

if TYPE_CHECKING:
    from refinegraph.support.shards import Shard


def add_batch(command: argparse.ArgumentParser) -> None:
    """Add the flags of `batch`."""
    from refinegraph.values import Number

    count = reading(Number(whole=True, minimum=1))
    add = command.add_argument
    words = "JSON lines with problems; standard input if it is - or left out and input is piped"
    add("input", nargs="?", metavar="INPUT", help=words)
    add(
        "-o",
        "--out",
        metavar="FILE",
        required=True,
        help="file for the results, - to print them, or NAME.parquet for a table",
    )
    add("--resume", action="store_true", help="continue with the results in the file")
    add(
        "--in-order",
        action="store_true",
        help="write in the order of the input instead of as problems finish",
    )
    add("--limit", type=count, metavar="N", help="only the first N problems")
    add("--concurrency", type=count, metavar="C", help="model calls in flight; default: 8")
    add_shard(command)
    _add_columns(command)
    amount = reading(Number(above=0))
    words = "the same as --budget-usd"
    add("--cost-limit", type=amount, dest="budget_usd", metavar="X", help=words)
    add_cluster(command)
    words = "use the provider's batch interface: cheaper but slow (OpenAI's protocol)"
    add("--provider-batch", action="store_true", help=words)
    add_options(command, "batch")


def _add_columns(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Text

    for flag, default, words in (
        ("--prompt-column", "prompt", "column that holds the statement"),
        ("--column", "refinegraph", "column added for the result"),
    ):
        help = f"{words}; default: {default}"
        command.add_argument(flag, type=reading(Text()), default=default, metavar="NAME", help=help)


def add_cluster(command: argparse.ArgumentParser) -> None:
    """Add the flags that choose a cluster."""
    from refinegraph.values import Number, Text

    command.add_argument(
        "--cluster",
        type=reading(Text()),
        metavar="ADDRESS",
        help="solve on a Ray cluster: ray starts one on this machine; else auto, HOST:PORT or "
        "ray://HOST:PORT",
    )
    command.add_argument(
        "--workers-per-node",
        type=reading(Number(whole=True, minimum=1)),
        default=1,
        metavar="N",
        help="workers on each node of the cluster, --concurrency each; default: 1",
    )


def add_merge(command: argparse.ArgumentParser) -> None:
    """Add the flags of `merge`."""
    add = command.add_argument
    add("paths", nargs="+", metavar="PATH", help="outputs of `batch`, or result folders of `eval`")
    add("-o", "--out", metavar="PATH", required=True, help="the file or folder to write")
    add("--partial", action="store_true", help="merge even if shards are missing")
    add("--dataset", metavar="FILE", help="where the dataset of `eval` is now")
    add_json(command)


def add_shard(command: argparse.ArgumentParser) -> None:
    """Add the flag that selects a share of the problems."""
    command.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="only every N-th problem, from the I-th on, such as 3/16",
    )


def _shard(text: str) -> "Shard":
    from refinegraph.errors import InputError
    from refinegraph.support.shards import Shard

    try:
        return Shard.read(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None
