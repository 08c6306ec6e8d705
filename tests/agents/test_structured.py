"""Structured answers: parsed as JSON, from fences, after repairs, from prose, or not at all."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.agents.judges.replies import (
    AnswersReply,
    ChecklistReply,
    ComparisonReply,
    OutcomeReply,
    StepsReply,
)
from refinegraph.agents.structured_output import Reply, json_schema, parse_reply
from refinegraph.tools.loose_json import json_objects

SCORES = [
    ('{"reason": "x", "score": 7}', 7),
    ('Sure:\n```json\n{"score": 10}\n```', 10),
    ('{"score": 3, "reason": "broken', 3),
    ("{'score': 3, 'reason': 'it\\'s wrong',}", 3),
    ('{reason: "bare", score: 3}', 3),
    ('I say {"score": "7/10"} for it', 7),
    ('{"reason": "as \\(x\\) says", "score": 2.5}', 2.5),
    ('{"other": 1} then {"score": 4}', 4),
    ("**Score:** 4 / 10", 4),
    ("I give it 9/10.", 9),
    ("Score: 2. On reflection, score: 5", 5),
    ('{"score": 70}', None),
    ('{"score": -1}', None),
    ('{"score": true}', None),
    ('{"score": NaN}', None),
    ("Score: 70", None),
    ("Score: -3", None),
    ("\\frac{1}{2} is right, score: 8", 8),
    ("no idea", None),
    ("", None),
    ("{" * 50_000, None),
    ("'{,:" * 20_000, None),
]


@pytest.mark.parametrize(("text", "score"), SCORES, ids=lambda each: str(each)[:24])
def test_score_is_read_from(text: str, score: float | None) -> None:
    reply = parse_reply(text, OutcomeReply).reply
    assert (reply.score if reply else None) == score


READ: list[tuple[str, type[Reply], str, object]] = [
    ('{"steps": [10, "5/10"]}', StepsReply, "steps", (10, 5)),
    ("Step 1: 9/10\n**Step 2**: score 2", StepsReply, "steps", (9, 2)),
    ('{"steps": [10, "x"]}', StepsReply, "", None),
    ("Step 1: 1 + 1 = 2\nStep 2: 2", StepsReply, "", None),
    ("Is it 2?\n2. Is it odd?\nDone.", ChecklistReply, "questions", ("Is it 2?", "Is it odd?")),
    ('{"questions": []}', ChecklistReply, "", None),
    ("1. YES\n2) No.\n- yes", AnswersReply, "answers", ("yes", "no", "yes")),
    ('{"answers": [true, "NO"]}', AnswersReply, "answers", ("yes", "no")),
    ('{"winner": "Solution B."}', ComparisonReply, "winner", "B"),
    ("A", ComparisonReply, "winner", "A"),
    ("The first adds up. [[B]]", ComparisonReply, "winner", "B"),
    ("Winner: TIE", ComparisonReply, "winner", "tie"),
    ("A good question", ComparisonReply, "", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "form", "field", "value"), READ, ids=lambda each: str(each)[:24])
def test_form_is_read_from(text: str, form: type[Reply], field: str, value: object) -> None:
    reply = parse_reply(text, form).reply
    assert (getattr(reply, field) if reply else None) == value


@pytest.mark.parametrize(
    "form", [OutcomeReply, StepsReply, ChecklistReply, AnswersReply, ComparisonReply]
)
def test_schema_is_strict_and_the_example_has_its_form(form: type[Reply]) -> None:
    schema = json.loads(json_schema(form))
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert parse_reply(form.example, form).reply is not None
    assert set(json.loads(form.example)) == set(schema["properties"])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=5), values, max_size=4)


@given(objects, st.booleans())
def test_json_is_parsed_unchanged_at_any_position(wanted: dict[str, Any], fenced: bool) -> None:
    text = json.dumps(wanted)
    shown = f"So:\n```json\n{text}\n```" if fenced else text
    assert next(json_objects(shown)) == wanted


@given(st.text(alphabet="{}[]\",:'\\ a1\n`", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(isinstance(each, dict) for each in json_objects(text))


HOSTILE = ["* ", "{\n//", "'", "\\", "{a:", "step 1 ", "1.", "score: ", "a?\n", "- 1", "winner "]


@pytest.mark.parametrize("piece", HOSTILE)
def test_parsing_is_fast_for_any_text(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    began = time.process_time()
    for form in (OutcomeReply, StepsReply, ChecklistReply, AnswersReply, ComparisonReply):
        parse_reply(text, form)
    assert time.process_time() - began < 3
