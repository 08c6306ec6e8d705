"""What to do after a repair of a checkout has failed."""

from collections.abc import Sequence

from refinegraph.schema import Problem, RefinementResult, Repository, SuspectLine
from refinegraph.wording import outcome_word, plural

_MOST_PLACES = 3
"""Places that are named: a choice, as many as fit into one sentence."""
_WITH_A_MODEL = "for example with --model ollama_chat/qwen3:8b or --model openai/NAME"


def repair_advice(result: RefinementResult, problem: Problem) -> str:
    """Return what to do after no patch of a checkout was proved; empty otherwise."""
    repository = problem.repository
    if repository is None or outcome_word(result) not in ("refuted", "no answer"):
        return ""
    if not repository.failing:
        return ""
    places = _places(repository.suspects) + _other_causes(repository)
    if result.models.solver != "mutations":
        return (
            "No patch passes all the tests. 'refinegraph view last' shows what each one fails; "
            "more --candidates, a stronger --model or an --issue that says what is expected may "
            f"help.{places}"
        )
    if not result.candidates:
        return (
            "No line of Python is under suspicion, so there was nothing to change. Let a model "
            f"write the patch, {_WITH_A_MODEL}."
        )
    tried = plural(len(result.candidates), "small change")
    return (
        f"None of {tried} repairs the program: the fault needs a larger one, or lies elsewhere. "
        f"Let a model write the patch, {_WITH_A_MODEL}; or try more changes with "
        f"--candidates {_more(len(result.candidates))}.{places}"
    )


def _places(suspects: Sequence[SuspectLine]) -> str:
    """Return where a person should look first."""
    names = [f"{suspect.path}:{suspect.line}" for suspect in suspects[:_MOST_PLACES]]
    return f" The most suspicious places: {', '.join(names)}." if names else ""


def _other_causes(repository: Repository) -> str:
    """Return how to repair the cause of only some of the failing tests."""
    if len(repository.failing) < 2:
        return ""
    name = repository.failing[0].id
    return (
        f" One patch has to make all {len(repository.failing)} failing tests pass: if they have "
        f"different causes, name those of one, as in --failing '{name}'."
    )


def _more(tried: int) -> int:
    """Return a round number of candidates, a few times as many as were tried.

    >>> _more(30), _more(400)
    (100, 1000)
    """
    return next(number for number in (100, 400, 1_000, 4_000, 10**9) if number > 2 * tried)
