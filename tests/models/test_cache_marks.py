"""The cache markers in prompts for Anthropic's servers."""

import json

from misbehaving_server import MisbehavingServer, Reply

from refinegraph.agents import Reviewer, Solver
from refinegraph.agents.models import generate, resolve_model
from refinegraph.agents.models.completions.cache_marks import with_cache_marks
from refinegraph.agents.prompts import STANDARD
from refinegraph.schema import Candidate, Problem

ANSWER = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "VERDICT: wrong"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 4},
}
PROBLEM = Problem(prompt="Write f(x) that doubles x.")
WRONG = Candidate(id="0.0", text="", program="def f(x):\n    return x")


async def test_prompts_of_two_roles_share_the_marked_statement() -> None:
    with MisbehavingServer(*[Reply(body=json.dumps(ANSWER))] * 2) as server:
        model = resolve_model(
            "anthropic/claude-sonnet-4-5", api_base=server.api_base, api_key="sk-test"
        )
        await Solver(model, prompts=STANDARD)(PROBLEM)
        reviewed = await Reviewer(model, prompts=STANDARD)(PROBLEM, WRONG)
    solver, reviewer = (body["messages"][0]["content"] for body in server.requests)
    assert solver[0] == reviewer[0]
    assert "doubles x" in solver[0]["text"]
    assert solver[0]["cache_control"] == {"type": "ephemeral"}
    assert ["cache_control" in part for part in reviewer] == [True, True, False]
    assert reviewed.usage.cached_tokens == 6


async def test_other_servers_get_plain_text() -> None:
    text = json.dumps({"choices": [{"message": {"role": "assistant", "content": "x"}}]})
    with MisbehavingServer(Reply(body=text)) as server:
        model = resolve_model("openai/m", api_base=server.api_base, api_key="sk-test")
        await generate(model, "# Problem\nx\n# Task\ny")
    assert server.requests[0]["messages"][0]["content"] == "# Problem\nx\n# Task\ny"


def test_a_prompt_in_one_part_stays_as_it_is() -> None:
    plain = [{"role": "user", "content": "Solve it."}]
    assert with_cache_marks(plain) == plain
    assert with_cache_marks([{"role": "system", "content": "x"}]) == [
        {"role": "system", "content": "x"}
    ]


def test_no_more_parts_are_marked_than_a_server_takes() -> None:
    text = "# Problem\na\n" + "".join(f"# {name}\nb\n" for name in ("Program", "Review") * 3)
    parts = with_cache_marks([{"role": "user", "content": f"{text}# Task\nc"}])[0]["content"]
    assert sum("cache_control" in part for part in parts) == 3
    assert "".join(part["text"] for part in parts) == f"{text}# Task\nc"
