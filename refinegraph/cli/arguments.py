"""Every command and flag."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from refinegraph import __version__

COMMANDS: dict[str, list[str]] = {}
"""Commands and their flags, filled in by `make_parser`."""

Number = TypeVar("Number", int, float)

_EXIT_CODES = (
    "exit codes: 0 finished and not refuted, 1 refuted by its visible tests, 2 bad input, "
    "3 the model could not be reached or kept failing, 4 no sandbox, 130 interrupted"
)


def make_parser(kind: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
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
        add(command)
        COMMANDS[name] = [flag for action in command._actions for flag in action.option_strings]
    return parser


def whole(text: str) -> int:
    """Read a whole number."""
    return _number(text, int, minimum=None)


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    return _number(text, int, minimum=1)


def not_negative(text: str) -> int:
    """Read a whole number of at least 0."""
    return _number(text, int, minimum=0)


def amount(text: str) -> float:
    """Read a number above 0."""
    value = _number(text, float, minimum=0)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return value


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    value = _number(text, float, minimum=0)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is above 1")
    return value


def prices(text: str) -> tuple[float, float]:
    """Read two prices."""
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers, such as 0.15,0.6")
    return _number(parts[0], float, minimum=0), _number(parts[1], float, minimum=0)


def temperature(text: str) -> float:
    """Read a number of at least 0."""
    return _number(text, float, minimum=0)


def _number(text: str, kind: Callable[[str], Number], *, minimum: int | None) -> Number:
    noun = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {noun}") from None
    if minimum is not None and not minimum <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not {noun} of at least {minimum}")
    return value


def _add_solve(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", metavar="TEXT", help="the problem, or - to read it")
    command.add_argument("--tests", metavar="FILE", help="visible tests, in any form")
    command.add_argument("--dataset", metavar="FILE", help="take the problem from a data set")
    command.add_argument("--id", metavar="ID", help="which problem of the data set")
    _add_model(command)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument("--output", metavar="FILE", help="write the answer to a file as well")
    command.add_argument("--quiet", action="store_true", help="print the answer only")
    command.add_argument("--no-keep", action="store_true", help="keep nothing of the run")
    command.add_argument(
        "--ask", metavar="A,B", help="ask at the terminal before: refine, accept (or both)"
    )


def _add_resume(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("id", metavar="ID", nargs="?", default="last", help="as `refinegraph runs` lists it")
    add("--api-base", metavar="URL", help="the server of the model, where it has moved")
    add("--budget-usd", type=amount, metavar="X", help="a new limit, with what was spent before")
    add("--budget-tokens", type=positive, metavar="N", help="a new limit, likewise")
    add("--budget-calls", type=positive, metavar="N", help="a new limit, likewise")
    add("--timeout", type=amount, metavar="SECONDS", help="a new limit, likewise")
    add("--json", action="store_true", help="print one JSON object")
    add("--output", metavar="FILE", help="write the answer to a file as well")
    add("--quiet", action="store_true", help="print the answer only")
    add("--log-json", metavar="FILE", help="write what happens, an object a line")
    add("--otel", action="store_true", help="send spans where the OTEL_ variables say")
    command.set_defaults(cache=None, replay=None)


def _add_model(command: argparse.ArgumentParser, *, strategies: bool = False) -> None:
    add = command.add_argument
    metavar = "A,B" if strategies else "NAME"
    add("--strategy", default="adaptive", metavar=metavar, help="default: adaptive")
    add("--samples", type=positive, metavar="K", help="candidates to sample at most")
    add("--rounds", type=not_negative, metavar="N", help="rounds of refinement at most")
    add("--model", metavar="M", help="a litellm name, such as ollama_chat/qwen3:8b")
    for role in ("solver", "reviewer", "refiner", "tester"):
        add(f"--{role}-model", metavar="M", help=f"another model for the {role}")
    add("--fallback", metavar="M,N", help="models to ask where the model fails for good")
    add("--api-base", metavar="URL", help="the server of the model")
    add("--hedge", type=amount, metavar="SECONDS", help="ask again what has no answer by then")
    add("--requests-per-minute", type=amount, metavar="N", help="to each provider at most")
    add("--tokens-per-minute", type=amount, metavar="N", help="to and from each provider")
    add("--temperature", type=temperature, metavar="T", help="of the solver")
    add("--seed", type=whole, metavar="S", help="passed on to the model")
    add("--budget-usd", type=amount, metavar="X", help="stop when this is spent")
    add("--budget-tokens", type=positive, metavar="N", help="stop when these are spent")
    add("--budget-calls", type=positive, metavar="N", help="stop when these are made")
    add("--prices", type=prices, metavar="IN,OUT", help="USD for a million tokens, where unknown")
    add("--timeout", type=amount, metavar="SECONDS", help="for the whole run")
    add("--call-timeout", type=amount, metavar="SECONDS", help="for one attempt; default: 600")
    add("--trace", action="store_true", help="show the reviewer a failing test line by line")
    add("--price", type=temperature, metavar="P", help="what 1,000 tokens have to gain (adaptive)")
    add("--belief", metavar="FILE", help="a map that `eval --fit` learned (adaptive)")
    add("--log-json", metavar="FILE", help="write what happens, an object a line")
    add("--otel", action="store_true", help="send spans where the OTEL_ variables say")
    kept = command.add_mutually_exclusive_group()
    kept.add_argument(
        "--cache",
        nargs="?",
        const="",
        metavar="FILE",
        help="keep the models' answers and take those that are kept",
    )
    kept.add_argument("--replay", metavar="FILE", help="take answers from a cache only; no calls")


def _add_eval(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--dataset", metavar="FILE", required=True, help="problems with hidden tests or answers")
    add("--out", metavar="DIR", required=True, help="where results are written as they come")
    add("--resume", action="store_true", help="go on with what is in the folder")
    add("--limit", type=positive, metavar="N", help="the first N problems only")
    add("--ids", metavar="A,B", help="these problems only")
    add("--shuffle", action="store_true", help="in an order that --seed gives")
    add("--concurrency", type=positive, default=8, metavar="C", help="calls in flight; default: 8")
    add("--fail-under", type=share, metavar="X", help="exit 1 below this accuracy (last strategy)")
    add(
        "--max-tokens", type=positive, metavar="N", help="longest answer; the provider's limit else"
    )
    add("--baselines", action="store_true", help="add single, self-consistency and best-of-n")
    add("--fit", metavar="FILE", help="learn from these runs how sure to be, for --belief")
    add(
        "--no-reference-check",
        dest="reference_check",
        action="store_false",
        help="keep problems whose hidden tests fail the reference solution",
    )
    _add_model(command, strategies=True)


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("folders", nargs="+", metavar="DIR", help="folders of `refinegraph eval`")
    command.add_argument("--output", metavar="FILE", help="write the comparison as a page as well")
    command.add_argument(
        "--baseline", metavar="NAME", help="STRATEGY or DIR/STRATEGY to compare the others with"
    )
    command.add_argument(
        "--fail-under", type=share, metavar="X", help="exit 1 below this accuracy (last one)"
    )


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument("folders", nargs="+", metavar="DIR", help="folders of `refinegraph eval`")
    command.add_argument("--format", choices=("sft", "dpo", "step", "critique"), required=True)
    command.add_argument("--output", metavar="FILE", help="default: standard output")


def _add_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--limit", type=positive, default=20, metavar="N", help="default: 20")


def _add_run_id(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID", help="as `refinegraph runs` lists it, or last")


def _add_view(command: argparse.ArgumentParser) -> None:
    _add_run_id(command)
    command.add_argument("--output", metavar="FILE", help="default: run-ID.html in this folder")


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", nargs="?", metavar="FILE", help="default: the user's own")
    command.add_argument("--clear", action="store_true", help="forget every answer")


def _add_demo(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--model", metavar="M", help="a litellm name; default: the small model in the package")
    add("--api-base", metavar="URL", help="the server of the model")
    add("--strategy", default="adaptive", metavar="NAME", help="default: adaptive")
    add("--samples", type=positive, metavar="K", help="candidates to sample at most")
    add("--rounds", type=not_negative, metavar="N", help="rounds of refinement at most")
    add("--budget-tokens", type=positive, metavar="N", help="stop a run when these are spent")
    add("--seed", type=int, default=0, metavar="S", help="passed on to the model")


def _add_graph(command: argparse.ArgumentParser) -> None:
    command.add_argument("strategy", metavar="STRATEGY")
    command.add_argument("--format", choices=("mermaid", "png", "svg", "text"), default="text")
    command.add_argument("--output", metavar="FILE", help="default: standard output")


def _add_nothing(command: argparse.ArgumentParser) -> None:
    command.set_defaults()


_COMMANDS = {
    "solve": ("solve one problem", _add_solve),
    "eval": ("compare strategies over a data set, with intervals", _add_eval),
    "compare": ("compare folders of results", _add_compare),
    "export": ("write training data out of results", _add_export),
    "demo": ("watch programs fail, be repaired and proved; then try problems of yours", _add_demo),
    "resume": ("go on with a run that did not end", _add_resume),
    "runs": ("list the runs that were kept", _add_runs),
    "show": ("print a run that was kept", _add_run_id),
    "view": ("write the page of a run", _add_view),
    "rm": ("forget a run", _add_run_id),
    "cache": ("look at the kept answers, or clear them", _add_cache),
    "graph": ("print a strategy's graph", _add_graph),
    "config": ("show each setting and where it comes from", _add_nothing),
    "doctor": ("say what this machine can do", _add_nothing),
}

MODULES = {
    name: f"refinegraph.cli.{'runs' if name in ('show', 'view', 'rm') else name}"
    for name in _COMMANDS
}
"""The module of each command, imported when it is called."""
