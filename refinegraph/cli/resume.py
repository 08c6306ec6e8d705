"""`refinegraph resume`: go on with a run that did not end."""

import argparse

from refinegraph.cli.files import OutputFile
from refinegraph.cli.solve import Job, problem_line, solve
from refinegraph.cli.store import store

_CHANGED = ("api_base", "budget_usd", "budget_tokens", "budget_calls", "timeout")


def run(options: argparse.Namespace) -> int:
    """Go on with a run from its last finished node, and return the exit code of `solve`.

    What a model answered before is not asked for again. Limits may be changed.
    """
    unfinished = store().find_unfinished(options.id)
    unfinished.hold()
    changed = {name: getattr(options, name) for name in _CHANGED}
    given = {name: value for name, value in changed.items() if value is not None}
    settings = unfinished.record.settings.model_copy(update=given)
    unfinished.write(unfinished.record.model_copy(update={"settings": settings.without_secrets}))
    options.cache = settings.cache
    output = OutputFile(options.output) if options.output else None
    problem = unfinished.record.problem
    return solve(Job(problem, settings, options, output, unfinished), [problem_line(problem)])
