"""A repair as a comment on a pull request: the proved patch, its evidence and its cost.

The GitHub Action of this project runs it as a module; it reads a report of `refinegraph fix --json`
from standard input and prints the outputs of the step.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_LONGEST = 60_000
"""Characters of a patch in a comment; GitHub takes 65,536 in all."""


def comment(report: dict[str, Any]) -> str:
    r"""Return the comment on a report whose patch is proved.

    >>> usage = {"llm_calls": 2, "total_tokens": 150, "sandbox_runs": 3, "cost_usd": 0.01}
    >>> print(comment({"answer": "+ x\n", "stop_reason": "accepted", "usage": usage}))
    **Proved repair.** With this patch every test that failed passes, and none that passed is lost.
    <BLANKLINE>
    ```diff
    + x
    ```
    <BLANKLINE>
    Apply it with `git apply`; nothing was pushed. 2 model calls, 150 tokens, 3 test runs, 0.01 USD.
    """
    patch = str(report["answer"]).rstrip("\n")
    if len(patch) > _LONGEST:
        shown = "The patch is too long for a comment; it is in the outputs of the action."
    else:
        fence = "```"
        while fence in patch:
            fence += "`"
        shown = f"{fence}diff\n{patch}\n{fence}"
    return (
        "**Proved repair.** With this patch every test that failed passes, and none that passed is "
        f"lost.\n\n{shown}\n\nApply it with `git apply`; nothing was pushed. "
        f"{_cost(report['usage'])}."
    )


def outputs(report: dict[str, Any], patch: Path | None) -> str:
    r"""Return the lines that name the outputs of the step.

    >>> outputs({"solved": None, "answer": None, "stop_reason": "nothing_fails"}, None)
    'verdict=nothing_fails\npatch=\n'
    """
    words = {True: "proved", False: "refuted", None: "unverified"}
    verdict = words[report["solved"]] if report["answer"] else "no answer"
    if report["stop_reason"] == "nothing_fails":
        verdict = "nothing_fails"
    return f"verdict={verdict}\npatch={patch or ''}\n"


def main(words: list[str]) -> int:
    """Read a report, write the comment and, if it is proved, the patch, and print the outputs."""
    parser = argparse.ArgumentParser(prog="pull_request_comment")
    parser.add_argument("--comment", type=Path, required=True)
    parser.add_argument("--patch", type=Path, required=True)
    options = parser.parse_args(words)
    report: dict[str, Any] = json.load(sys.stdin)
    proved = report["solved"] is True and bool(report["answer"])
    if proved:
        options.comment.write_text(comment(report), encoding="utf-8")
        options.patch.write_text(str(report["answer"]), encoding="utf-8")
    print(outputs(report, options.patch if proved else None), end="")
    return 0


def _cost(usage: dict[str, Any]) -> str:
    cost = usage["cost_usd"]
    price = "price unknown" if cost is None else f"{cost:.4g} USD"
    return (
        f"{usage['llm_calls']} model calls, {usage['total_tokens']:,} tokens, "
        f"{usage['sandbox_runs']} test runs, {price}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
