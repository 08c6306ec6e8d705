"""Make candidates out of what models wrote."""

from collections.abc import Iterable

from refinegraph.agents.certainty import token_certainty
from refinegraph.agents.models import Choice
from refinegraph.schema import Candidate, Problem, Role
from refinegraph.tools.answers import extract_answer
from refinegraph.tools.programs import extract_program
from refinegraph.tools.steps import split_steps


def next_ids(candidates: Iterable[Candidate], *, round: int, count: int) -> list[str]:
    """Return that many free ids of a round.

    >>> next_ids([], round=1, count=2)
    ['1.0', '1.1']
    """
    taken = [each.order[1] for each in candidates if each.order[0] == round]
    first = max(taken, default=-1) + 1
    return [f"{round}.{first + offset}" for offset in range(count)]


def read_candidate(
    choice: Choice,
    problem: Problem,
    *,
    id: str,
    role: Role,
    entry_point: str | None = None,
    parent: Candidate | None = None,
    temperature: float | None = None,
) -> Candidate:
    """Return a candidate with its program or answer, or the reason why it has none."""
    blank = Candidate(
        id=id,
        role=role,
        round=int(id.split(".")[0]),
        parent_id=parent.id if parent else None,
        text=choice.text,
        reasoning=choice.reasoning,
        tokens=choice.tokens,
        temperature=temperature,
        certainty=token_certainty(choice.logprobs),
    )
    if not choice.text.strip():
        return blank.model_copy(update={"unusable": "the model answered nothing"})
    if problem.kind == "code":
        program = extract_program(choice.text, entry_point=entry_point, preamble=problem.preamble)
        source = program.source.strip("\n") if program.source else program.source
        return blank.model_copy(update={"program": source, "unusable": program.problem})
    answer = extract_answer(choice.text, kind=problem.kind)
    missing = None if answer else "no final answer was found in the text"
    steps = split_steps(choice.text, kind=problem.kind)
    return blank.model_copy(update={"answer": answer, "unusable": missing, "steps": steps})
