"""HAG: the model sets the parameters of its own decoding before it answers."""

import re

from refinegraph.agents import Outcome, Solver, Task, as_operator
from refinegraph.agents.models import Sampling, generate
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe

ASK = """{problem}

You are about to answer this. Which sampling temperature (0 for exact work, up to 1.5 for \
invention) and which top_p (0.1 to 1) suit it? Answer with one line: `temperature=..., top_p=...`"""
SETTING = re.compile(r"(temperature|top_p)\s*[=:]\s*(\d*\.?\d+)")


@recipe(
    "HAG (hyperparameter-aware generation)",
    paper="arXiv 2402.11251",
    ideas=["route"],
    calls="2",
    departs="A prompt requests the settings; the paper fine-tunes the model to choose them.",
)
def self_decoding_config(plan: Plan) -> SearchGraph:
    """Ask the model for its sampling settings for this problem, then sample with them."""

    async def solve(task: Task) -> Outcome:
        prompt = ASK.format(problem=task.problem.prompt)
        answer = (await generate(plan.model, prompt, max_tokens=64)).choices[0].text
        settings = {name: float(value) for name, value in SETTING.findall(answer)}
        sampling = Sampling(
            temperature=min(1.5, settings.get("temperature", 0.7)),
            top_p=min(1.0, max(0.1, settings.get("top_p", 1.0))),
            max_tokens=plan.max_tokens,
            seed=plan.seed,
        )
        return await Solver(plan.model, sampling=sampling, prompts=plan.prompts).apply(task)

    return plan.search(
        "self-decoding-config",
        operators={"solve": as_operator(solve)},
        policy=schedule(move("solve")),
    )
