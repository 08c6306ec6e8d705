"""Reasoning is removed from the beginning of an answer, in linear time."""

from hypothesis import given
from hypothesis import strategies as st

from refinegraph.agents.models.completions.reasoning import SplitReasoning, split_reasoning

NAMES = ("think", "thinking", "reasoning")
PARTS = [*(f"<{name}>" for name in NAMES), *(f"</{name}>" for name in NAMES), "so", " ", "\n", "<"]


def reference(text: str) -> SplitReasoning:
    """Do the same by examining one tag after the other."""
    thoughts: list[str] = []
    rest = text
    while name := next((each for each in NAMES if rest.lstrip().startswith(f"<{each}>")), None):
        inner, _, rest = rest.lstrip().removeprefix(f"<{name}>").partition(f"</{name}>")
        thoughts.append(inner.strip())
    places = [(place, each) for each in NAMES if (place := rest.find(f"</{each}>")) >= 0]
    if places:
        place, name = min(places)
        if not any(f"<{each}>" in rest[:place] for each in NAMES):
            thoughts.append(rest[:place].strip())
            rest = rest[place + len(f"</{name}>") :]
    answer = rest if rest == text else rest.lstrip()
    return SplitReasoning(answer, "\n\n".join(filter(None, thoughts)))


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_thinking_is_split_as_a_simple_reference_does(text: str) -> None:
    assert split_reasoning(text) == reference(text)


def test_a_million_empty_blocks_are_read_in_one_go() -> None:
    text = "<think></think>" * 400_000
    assert split_reasoning(text + "42") == SplitReasoning("42", "")


def test_a_million_closing_tags_are_read_in_one_go() -> None:
    text = "</think>" * 400_000
    assert split_reasoning(text).text == text.removeprefix("</think>")
