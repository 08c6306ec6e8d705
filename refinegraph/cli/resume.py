"""`refinegraph resume`: continue an interrupted run."""

import argparse
from dataclasses import replace
from typing import Any

from refinegraph.cli.files import OutputFile
from refinegraph.cli.given_options import command_options
from refinegraph.cli.origins import origin_line, server_of
from refinegraph.cli.solve import Job, problem_line, solve
from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.options.config import find_settings, unconfirmed_places
from refinegraph.options.option_set import shown
from refinegraph.runs import RunStore
from refinegraph.values import plain_data

_CHANGEABLE = tuple(
    name for name, option in RunOptions.declared.items() if "resume" in option.commands.split()
)


def run(arguments: argparse.Namespace) -> int:
    """Continue a run after its last finished node, and return the exit code of `solve`.

    Answers that a model gave before are not requested again. Limits may be changed. A record is
    data that may come from anywhere: it decides where keys and files go only if the user's own
    settings say the same, or the user confirms it.
    """
    unfinished = RunStore.of_user().find_unfinished(arguments.id)
    options = _options(arguments, unfinished.record.settings, unfinished.record.id)
    unfinished.hold()
    unfinished.write(unfinished.record.model_copy(update={"settings": options.without_secrets}))
    command = command_options(arguments)
    output = OutputFile(command.output) if command.output else None
    problem = unfinished.record.problem
    server = None if arguments.api_base else server_of(options)
    heading = [origin_line("server", server)] if server else []
    heading.append(problem_line(problem))
    return solve(Job(problem, options, command, output, unfinished), heading)


def _options(arguments: argparse.Namespace, recorded: RunOptions, id: str) -> RunOptions:
    """Return the recorded options, changed as the arguments say."""
    given = {name: getattr(arguments, name) for name in _CHANGEABLE}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    foreign = unconfirmed_places(replace(recorded, **changed))
    foreign = {name: value for name, value in foreign.items() if name not in changed}
    if foreign and not arguments.as_recorded:
        values = ", ".join(f"{name} {shown(value)}" for name, value in foreign.items())
        raise InputError(
            f"run {id} was begun with {values}, which your own settings do not name; if you "
            f"trust that, continue with: refinegraph resume {id} --as-recorded"
        )
    own = find_settings(recorded.places)
    same = {
        name: setting.value
        for name, setting in own.items()
        if plain_data(setting.value) == plain_data(recorded.places[name])
    }
    return replace(recorded, **{**same, **changed})
