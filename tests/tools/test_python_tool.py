"""The Python tool for agents, and the trace for the Reviewer."""

from refinegraph import asolve
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.schema import CallCase, Problem, StdioCase, VisibleTest
from refinegraph.testing import candidate
from refinegraph.tools import Sandbox, execute_python, failing_trace
from refinegraph.tools.test_cases.checking import check_program


async def test_tool_returns_what_a_script_prints() -> None:
    tool = execute_python()
    assert await tool.ainvoke({"code": "print(input() * 2)", "stdin": "ab"}) == "abab"
    assert tool.invoke({"code": "print(6 * 7)"}) == "42"
    assert await tool.ainvoke({"code": "x = 1"}) == "(it printed nothing)"


async def test_tool_returns_what_a_script_raises_after_what_it_printed() -> None:
    told = await execute_python().ainvoke({"code": "print('so far')\n1 / 0"})
    assert told == "so far\nerror: ZeroDivisionError: division by zero"


async def test_tool_cuts_long_output_in_the_middle() -> None:
    told = await execute_python().ainvoke({"code": "print('a' * 9000 + 'z')"})
    assert "... cut ..." in told
    assert told.endswith("z")
    assert len(told) < 4100


PROGRAM = "def double(x):\n    y = x + x\n    return y + 1\n"


async def _traced(test: VisibleTest, program: str = PROGRAM) -> str:
    problem = Problem(prompt="Double x.")
    verdict = await check_program(Sandbox(), program, [test], problem=problem)
    tried = candidate(program=program, verdict=verdict)
    return await failing_trace()(problem, tried, [test])


CALL = CallCase(id="1", entry_point="double", arguments="(3,)", expected="6")


async def test_trace_shows_the_values_of_the_failing_test() -> None:
    assert await _traced(CALL) == (
        "What each line changed on the first failing test:\n"
        "line 1  def double(x):    # x = 3\n"
        "line 2  y = x + x    # y = 6\n"
        "line 3  return y + 1    # return = 7"
    )


async def test_trace_is_empty_where_all_tests_pass() -> None:
    assert await _traced(CALL, "def double(x): return 2 * x") == ""


async def test_trace_is_empty_for_a_script() -> None:
    test = StdioCase(id="1", stdin="1", stdout="2")
    assert await _traced(test, "print(3)") == ""


async def test_trace_is_empty_where_a_program_does_not_load() -> None:
    assert await _traced(CALL, "def double(x: (") == ""


async def test_reviewer_is_shown_the_trace_where_it_is_asked_for() -> None:
    model = ScriptedChatModel([PROGRAM, "CHANGE: no plus one", "def double(x): return 2 * x"])
    result = await asolve(
        "Write double(x).",
        tests="assert double(3) == 6",
        model=model,
        strategy="self-refine",
        trace=True,
    )
    assert result.solved
    assert "line 2  y = x + x    # y = 6" in model.calls[1].prompt
