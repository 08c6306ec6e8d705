"""The flags of commands for many problems."""

import argparse
from typing import TYPE_CHECKING

from refinegraph.cli.option_flags import add_options, reading

if TYPE_CHECKING:
    from refinegraph.support.shards import Shard


def add_batch(command: argparse.ArgumentParser) -> None:
    """Add the flags of `batch`."""
    from refinegraph.values import Number

    count = reading(Number(whole=True, least=1))
    add = command.add_argument
    add("input", metavar="INPUT", help="problems as JSON lines, or - to read standard input")
    add(
        "--out",
        metavar="FILE",
        required=True,
        help="where lines are written, or - to print them; NAME.parquet for a table",
    )
    add("--resume", action="store_true", help="go on with what is in the file")
    add("--in-order", action="store_true", help="write in the order of the input, not as they end")
    add("--limit", type=count, metavar="N", help="the first N problems only")
    add("--concurrency", type=count, metavar="C", help="calls in flight; default: 8")
    add_shard(command)
    _add_columns(command)
    amount = reading(Number(above=0))
    words = "the same as --budget-usd"
    add("--cost-limit", type=amount, dest="budget_usd", metavar="X", help=words)
    _add_cluster(command)
    words = "use the provider's batch interface: cheaper, and slow (OpenAI's protocol)"
    add("--provider-batch", action="store_true", help=words)
    add_options(command, "batch")


def _add_columns(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Text

    for flag, default, words in (
        ("--prompt-column", "prompt", "column of the statement"),
        ("--column", "refinegraph", "column that is added to those of the input"),
    ):
        help = f"{words}; default: {default}"
        command.add_argument(flag, type=reading(Text()), default=default, metavar="NAME", help=help)


def _add_cluster(command: argparse.ArgumentParser) -> None:
    from refinegraph.values import Number, Text

    command.add_argument(
        "--cluster",
        type=reading(Text()),
        metavar="ADDRESS",
        help="solve on a Ray cluster: ray for one of this machine, auto, or HOST:PORT",
    )
    command.add_argument(
        "--workers-per-node",
        type=reading(Number(whole=True, least=1)),
        default=1,
        metavar="N",
        help="workers on each node of the cluster, --concurrency each; default: 1",
    )


def add_merge(command: argparse.ArgumentParser) -> None:
    """Add the flags of `merge`."""
    add = command.add_argument
    add("paths", nargs="+", metavar="PATH", help="outputs of `batch`, or folders of `eval`")
    add("--out", metavar="PATH", required=True, help="the file or folder to write")
    add("--partial", action="store_true", help="merge what there is, though shards are missing")
    add("--dataset", metavar="FILE", help="where the data set of `eval` lies now")


def add_shard(command: argparse.ArgumentParser) -> None:
    """Add the flag that chooses a part of the problems."""
    command.add_argument(
        "--shard", type=_shard, metavar="I/N", help="every N-th problem from the I-th on: 3/16"
    )


def _shard(text: str) -> "Shard":
    from refinegraph.errors import InputError
    from refinegraph.support.shards import Shard

    try:
        return Shard.read(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None
