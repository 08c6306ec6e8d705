"""The flags of commands for many problems."""

import argparse
from typing import TYPE_CHECKING

from refinegraph.cli.option_flags import add_options, reading

if TYPE_CHECKING:
    from refinegraph.support.shards import Shard


def add_batch(command: argparse.ArgumentParser) -> None:
    """Add the flags of `batch`."""
    from refinegraph.values import Number, Text

    count, name = reading(Number(whole=True, least=1)), reading(Text())
    add = command.add_argument
    add("input", metavar="INPUT", help="problems as JSON lines, or - to read standard input")
    add("--out", metavar="FILE", required=True, help="where lines are written, or - to print them")
    add("--resume", action="store_true", help="go on with what is in the file")
    add("--in-order", action="store_true", help="write in the order of the input, not as they end")
    add("--limit", type=count, metavar="N", help="the first N problems only")
    add("--concurrency", type=count, default=8, metavar="C", help="calls in flight; default: 8")
    add_shard(command)
    add(
        "--prompt-column",
        type=name,
        default="prompt",
        metavar="NAME",
        help="column of the statement; default: prompt",
    )
    add(
        "--column",
        type=name,
        default="refinegraph",
        metavar="NAME",
        help="column that is added to those of the input; default: refinegraph",
    )
    add(
        "--cost-limit",
        type=reading(Number(above=0)),
        dest="budget_usd",
        metavar="X",
        help="the same as --budget-usd",
    )
    add_options(command, "batch")


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
