"""Use a different model for every role: a small model writes, a bigger one reviews."""

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel

BIG = ScriptedChatModel(
    "VERDICT: wrong\nSTEP: return a - b\nWHY: it subtracts\nCHANGE: add", name="a bigger model"
)
SMALL = ScriptedChatModel(
    ["def add(a, b):\n    return a - b", "def add(a, b):\n    return a + b"], name="a small model"
)


def main() -> None:
    """Solve one problem with two models; model names such as "openai/gpt-5-mini" also work."""
    result = rg.solve(
        "Write add(a, b).",
        tests="assert add(1, 2) == 3",
        model=SMALL,
        reviewer_model=BIG,
        strategy="self-refine",
    )
    print(f"{result.models.solver} wrote, {result.models.reviewer} reviewed: {result.solved}")


if __name__ == "__main__":
    main()
