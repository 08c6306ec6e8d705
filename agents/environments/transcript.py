"""The text format of an episode in a candidate, which can be parsed and replayed."""

import re
from typing import NamedTuple

from refinegraph.agents.environments.environment import Observation

ACTION, OBSERVATION, REWARD = "Action:", "Observation:", "Reward:"

_TURN = re.compile(
    rf"^{ACTION}(?P<action>.*?)(?:^{OBSERVATION}|\Z)", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
_REWARD = re.compile(rf"^{REWARD} *(?P<value>[-+.\deE]+)$", re.MULTILINE)
_LONGEST = 4_000
"""Maximum characters of one observation: a page of text, so that it cannot fill the context."""


class Turn(NamedTuple):
    """A model's text for one action."""

    text: str
    """Thought and action, without anything that the model wrote after them."""
    action: str | None
    """The action, or None if the text names none."""


def read_turn(text: str) -> Turn:
    """Return a model's text up to the end of its first action.

    >>> read_turn("Look it up.\\nAction: search[furlong]\\nObservation: 220 yards")
    Turn(text='Look it up.\\nAction: search[furlong]', action='search[furlong]')
    """
    match = _TURN.search(text)
    if match is None:
        return Turn(text.strip(), None)
    action = match["action"].strip()
    return Turn(text[: match.end("action")].strip(), action or None)


def actions(text: str) -> tuple[str, ...]:
    """Return the actions of an episode in order.

    >>> actions("Action: open[1]\\nObservation: a door\\nAction: enter\\nObservation: dark")
    ('open[1]', 'enter')
    """
    return tuple(match["action"].strip() for match in _TURN.finditer(text))


def up_to_action(text: str, count: int) -> str:
    """Return an episode up to the end of its action number `count`, from 1; empty for 0.

    >>> up_to_action("Action: a\\nObservation: A\\nHm.\\nAction: b\\nObservation: B", 2)
    'Action: a\\nObservation: A\\nHm.\\nAction: b'
    """
    turns = list(_TURN.finditer(text))[:count]
    return text[: turns[-1].end("action")].rstrip() if turns else ""


def total_reward(text: str) -> float | None:
    """Return the sum of an episode's rewards, or None if it has none."""
    values = [float(match["value"]) for match in _REWARD.finditer(text)]
    return sum(values) if values else None


def observed(observation: Observation) -> str:
    """Format an observation as part of an episode.

    Lines that look like the episode's own markers are indented, so that text from outside cannot
    be mistaken for an action.
    """
    text = observation.text.strip()[:_LONGEST]
    markers = rf"^(?=(?:{ACTION}|{OBSERVATION}|{REWARD}))"
    lines = [f"{OBSERVATION} {re.sub(markers, '  ', text, flags=re.MULTILINE | re.IGNORECASE)}"]
    if observation.reward is not None:
        lines.append(f"{REWARD} {observation.reward:g}")
    if observation.answer is not None:
        lines.append(f"The answer is {observation.answer}")
    return "\n".join(lines)
