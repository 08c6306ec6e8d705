"""Structured answers from a real server by its JSON-schema mode."""

from misbehaving_server import MisbehavingServer, answer, error

from refinegraph.agents import Judge
from refinegraph.schema import Candidate, Problem
from refinegraph.testing import candidate

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")


def solution(number: int, text: str) -> Candidate:
    return candidate(f"0.{number}", "2", text=text)


async def test_server_is_told_the_form_and_may_refuse_it() -> None:
    refusal = error(400, "response_format is not supported")
    with MisbehavingServer(answer('{"score": 9}'), refusal, answer("score: 4")) as server:
        judge = Judge(server.model())
        told = await judge(PROBLEM, [solution(0, "one")])
        refused = await judge(PROBLEM, [solution(1, "another")])
    assert (told.scores[0].value, refused.scores[0].value) == (0.9, 0.4)
    wanted = server.requests[0]["response_format"]
    assert wanted["json_schema"]["schema"]["required"] == ["reason", "score"]
    assert "response_format" in server.requests[1]
    assert "response_format" not in server.requests[2]
    assert refused.usage.llm_calls == 1
