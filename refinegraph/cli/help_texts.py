"""The help around the flags: groups of commands, examples, strategies, exit codes."""

import argparse
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from refinegraph.cli.parser import help_width

EXIT_CODES = {
    0: "done; the answer passed its visible tests or could not be checked",
    1: "done; the answer fails visible tests, or a threshold was not reached",
    2: "bad input, or a problem outside of what the model knows",
    3: "the model could not be reached or kept failing",
    4: "no sandbox",
    130: "interrupted",
}
"""What the exit codes of all commands mean."""

_EXAMPLES = {
    "": (
        "refinegraph demo",
        'refinegraph solve "Write is_leap(year)." -m ollama_chat/qwen3:8b',
        "refinegraph COMMAND --help",
    ),
    "solve": (
        'refinegraph solve "Write is_leap(year)." -m ollama_chat/qwen3:8b',
        'refinegraph solve "How many primes are below 100?" -m openai/gpt-5-mini',
        "refinegraph solve --tests tests.py -o answer.py < problem.txt",
        "refinegraph solve --dataset humaneval.jsonl --id HumanEval/12 --json",
    ),
    "fix": (
        "refinegraph fix --demo",
        'refinegraph fix --test "pytest -q" -o fix.patch',
        'refinegraph fix ~/src/shop --test "pytest -q tests/cart" -m ollama_chat/qwen3:8b --apply',
    ),
    "batch": (
        "refinegraph batch questions.jsonl --out answers.jsonl --cost-limit 5",
        "refinegraph batch questions.jsonl --out answers.jsonl --resume",
        "refinegraph batch - --out - --kind math < questions.jsonl > answers.jsonl",
    ),
    "demo": ("refinegraph demo", "refinegraph demo -m ollama_chat/qwen3:8b"),
    "eval": (
        "refinegraph eval --dataset humaneval.jsonl --strategy single,adaptive --out results",
        "refinegraph eval --dataset humaneval.jsonl --baselines --out results --resume",
    ),
    "compare": (
        "refinegraph compare results-a results-b -o comparison.html",
        "refinegraph compare results --baseline single --fail-under 0.8",
    ),
    "metrics": (
        "refinegraph metrics results",
        "refinegraph metrics results transitions --json",
        "refinegraph metrics",
    ),
    "merge": ("refinegraph merge part-1.jsonl part-2.jsonl --out answers.jsonl",),
    "export": ("refinegraph export results --format dpo -o pairs.jsonl",),
    "runs": (
        "refinegraph runs",
        "refinegraph runs leap year",
        "refinegraph runs refuted --since 2026-01-31 --json",
    ),
    "show": ("refinegraph show", "refinegraph show 874be7 --candidate 1.0"),
    "view": ("refinegraph view -o run.html", "refinegraph view 874be7"),
    "resume": ("refinegraph resume", "refinegraph resume last --budget-tokens 50000"),
    "rm": ("refinegraph rm 874be7",),
    "serve": (
        "refinegraph serve -m ollama_chat/qwen3:8b",
        "refinegraph serve --host 0.0.0.0 --keys keys.toml",
    ),
    "mcp": ("refinegraph mcp -m ollama_chat/qwen3:8b --root ~/projects",),
    "models": (
        "refinegraph models",
        "refinegraph models --api-base http://127.0.0.1:8000/v1",
    ),
    "strategies": (
        "refinegraph strategies debate",
        "refinegraph strategies magicore",
        "refinegraph strategies --needs none --json",
    ),
    "graph": ("refinegraph graph adaptive", "refinegraph graph magicore --format svg -o graph.svg"),
    "config": ("refinegraph config", "refinegraph config trust ./refinegraph.toml"),
    "cache": ("refinegraph cache", "refinegraph cache answers.sqlite --clear"),
    "doctor": ("refinegraph doctor",),
    "completion": (
        'eval "$(refinegraph completion bash)"      # in ~/.bashrc',
        'eval "$(refinegraph completion zsh)"       # in ~/.zshrc, after compinit',
        "refinegraph completion fish | source       # in ~/.config/fish/config.fish",
    ),
}
_RUNS_STRATEGY = frozenset({"solve", "eval", "batch", "demo", "fix", "mcp"})
"""The commands with the flag `--strategy`."""

Row = tuple[str, str, str]
"""A command with its group and its summary."""


def paragraph(text: str) -> str:
    """Wrap a text to the width of the help."""
    return textwrap.fill(text, help_width(), break_on_hyphens=False, break_long_words=False)


def overview(rows: Sequence[Row]) -> str:
    """Return what follows the flags in the help of the whole command line."""
    width = max(len(name) for name, _, _ in rows)
    groups = [
        _section(group, (f"{name:<{width}}  {summary}" for name, _, summary in commands))
        for group, commands in groupby(rows, key=lambda row: row[1])
    ]
    codes = _section("exit codes", (f"{code:<4} {text}" for code, text in EXIT_CODES.items()))
    return "\n\n".join([*groups, _section("examples", _EXAMPLES[""]), codes])


def command_examples(name: str) -> tuple[str, ...]:
    """Return example calls of one command."""
    return _EXAMPLES[name]


def command_epilog(name: str) -> str:
    """Return what follows the flags of one command: its examples, and strategies it can run."""
    parts = [_section("examples", _EXAMPLES[name])]
    if name in _RUNS_STRATEGY:
        parts.append(_strategies())
    return "\n\n".join(parts)


def usage_of(command: argparse.ArgumentParser) -> str:
    """Return a usage line: arguments and required flags; the rest is in the help below it."""
    words = [command.prog]
    for action in command._actions:
        name = action.metavar if isinstance(action.metavar, str) else action.dest
        if not action.option_strings:
            words.append(_argument(name, action.nargs))
        elif action.required:
            words.append(f"{action.option_strings[-1]} {name}")
    return " ".join([*words, "[OPTIONS]"])


def _argument(name: str, nargs: object) -> str:
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} [{name} ...]"}.get(
        str(nargs), name
    )


def _strategies() -> str:
    from refinegraph.options.own_strategies import OWN_STRATEGIES

    width = max(map(len, OWN_STRATEGIES))
    rows = [f"{name:<{width}}  {summary}" for name, summary in OWN_STRATEGIES.items()]
    return _section("strategies", [*rows, "`refinegraph strategies` lists published systems too"])


def _section(heading: str, lines: Iterable[str]) -> str:
    """Return a heading with indented lines, wrapped with a hanging indent at their last column."""
    return "\n".join([f"{heading}:", *(_wrapped(line) for line in lines)])


def _wrapped(line: str) -> str:
    name, gap, rest = line.partition("  ")
    indent = len(name + gap + rest) - len(rest.lstrip()) if gap else 4
    return textwrap.fill(
        line,
        help_width() - 2,
        initial_indent="  ",
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
        break_long_words=False,
        drop_whitespace=True,
    )
