"""The kind of a problem that names none: inferred by the same function wherever problems enter."""

from pathlib import Path

import pytest

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.batches.inputs import Reading
from refinegraph.datasets.files import Record
from refinegraph.options import RunOptions
from refinegraph.runs.solving import as_problem
from refinegraph.schema import Kind
from refinegraph.serving.names import ServedModel
from refinegraph.serving.requests import ChatRequest
from refinegraph.serving.tasks import PassThrough, Task, read_task
from refinegraph.toolbox import Toolbox
from refinegraph.tools import Sandbox

STATEMENTS: list[tuple[str, Kind]] = [
    ("Write is_leap(year).", "code"),
    ("What is 7 * 8?", "math"),
    ("Which is a mammal?\n(A) trout\n(B) whale", "choice"),
    ("Who wrote Faust?", "text"),
]


def request(text: str, **fields: object) -> ChatRequest:
    message = {"role": "user", "content": text}
    return ChatRequest.model_validate(
        {"model": "adaptive/m", "messages": [message], "refinegraph": fields}
    )


SERVED = ServedModel("m", "adaptive", None)


@pytest.mark.parametrize(("statement", "kind"), STATEMENTS)
def test_every_entrance_infers_the_same_kind(statement: str, kind: Kind) -> None:
    assert as_problem(statement).kind == kind
    record = Record({"prompt": statement}, Path("problems.jsonl"), 1)
    item = Reading().item(0, record)
    assert item.problem is not None
    assert item.problem.kind == kind
    assert Reading().infers_kind(record)
    task = read_task(request(statement, kind="auto"), SERVED)
    assert isinstance(task, Task)
    assert task.problem.kind == kind


@pytest.mark.parametrize(("statement", "_"), STATEMENTS)
def test_a_plain_chat_question_stays_one(statement: str, _: Kind) -> None:
    assert isinstance(read_task(request(statement), SERVED), PassThrough)


def test_what_a_record_says_comes_first() -> None:
    def kind_of(reading: Reading, **fields: str) -> str:
        record = Record({"prompt": "What is 7 * 8?", **fields}, Path("p.jsonl"), 1)
        problem = reading.item(0, record).problem
        return problem.kind if problem else ""

    assert kind_of(Reading(), kind="text") == "text"
    assert kind_of(Reading(kind="math"), kind="text") == "text"
    assert kind_of(Reading(kind="text")) == "text"
    assert kind_of(Reading(), tests="assert f() == 56") == "code"
    assert kind_of(Reading(), entry_point="f") == "code"


async def test_the_tool_of_coding_agents_infers_the_kind_too() -> None:
    model = ScriptedChatModel("The answer is 56.", cycle=True)
    toolbox = Toolbox(RunOptions(model=model), Sandbox())
    done = await toolbox.solve("What is 7 * 8?", "", lambda _: None, strategy="single")
    assert done.answer == "56"
