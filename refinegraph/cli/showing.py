"""Print answers, unchanged or made safe for a terminal, and their summaries."""

import sys

from rich.console import Console
from rich.text import Text

from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.errors import InputError
from refinegraph.schema import RefinementResult
from refinegraph.terminal.console import error_console, output_console
from refinegraph.terminal.run_view import RunView
from refinegraph.terminal.summary import answer_view, content_view, summary_view
from refinegraph.terminal.text import printable


def deliver(
    result: RefinementResult,
    text: str | None,
    *,
    output: OutputFile | None,
    json: bool,
    quiet: bool,
    kept: str | None,
) -> None:
    """Print an answer and write it to a file; if one fails, the other is still done.

    `text` is the answer as it is printed, and `kept` the id under which the run was kept.

    Raises:
        InputError: One of them cannot be written; the sentence says how to get the answer. If the
            run was not kept, the answer is printed on standard error.
    """
    failures: list[str] = []
    try:
        show_answer(result, text, json=json, quiet=quiet)
    except InputError as error:
        failures.append(str(error))
    try:
        if output and text:
            output.write(text)
    except InputError as error:
        failures.append(str(error))
    if not failures:
        return
    if kept:
        raise InputError(f"{' '.join(failures)} The run was kept: refinegraph show {kept}")
    if text:
        error_console().print(Text(printable(text, lines=True)), soft_wrap=True)
    raise InputError(f"{' '.join(failures)} The answer is above.")


def show_answer(
    result: RefinementResult, exact: str | None, *, json: bool = False, quiet: bool = False
) -> None:
    """Print the answer: highlighted and escaped on a terminal, unchanged anywhere else."""
    console = output_console()
    if exact is None:
        return
    if not console.is_terminal:
        print_exactly(exact, encoding="utf-8" if json else None)
    elif json:
        print_exactly(_escaped(exact))
    elif quiet:
        print_exactly(printable(exact, lines=True))
    else:
        console.print()
        console.print(answer_view(result), soft_wrap=True)


def show_summary(result: RefinementResult, console: Console) -> None:
    """Print the verdict and the cost."""
    console.print()
    width = console.width if console.is_terminal else None
    console.print(summary_view(result, width=width), soft_wrap=True)


def show_best(view: RunView, console: Console) -> None:
    """Print the best candidate so far of a run that was interrupted."""
    best = view.state.best
    if best is None:
        return
    console.print()
    console.print(Text(f"  stopped; the best so far is candidate {best.id}:", style="bold"))
    console.print()
    console.print(content_view(best), soft_wrap=True)


def json_for(text: str) -> str:
    """Return JSON for standard output; on a terminal, control characters are escaped."""
    return _escaped(text) if sys.stdout is not None and sys.stdout.isatty() else text


def _escaped(json: str) -> str:
    """Return equivalent JSON whose control characters are escaped."""
    return "".join(sign if sign.isprintable() or sign == "\n" else _escape(sign) for sign in json)


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
