"""Make candidates out of what models wrote."""

from collections.abc import Sequence

from refinegraph.agents.certainty import token_certainty, token_logprob
from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft
from refinegraph.schema import Candidate, Problem, VisibleTest
from refinegraph.tools.answers import extract_answer
from refinegraph.tools.checkers import AnswerReader
from refinegraph.tools.edits import EditedProgram, Refusal, edit_program
from refinegraph.tools.programs import extract_program, infer_entry_point
from refinegraph.tools.steps import split_steps


def next_ids(candidates: Sequence[Candidate], *, round: int, count: int) -> list[str]:
    """Return that many free ids of a round; the candidates come in their order.

    >>> next_ids([], round=1, count=2)
    ['1.0', '1.1']
    """
    first = 0
    for candidate in reversed(candidates):
        in_round, number, *_ = candidate.order
        if in_round == round:
            first = number + 1
        if in_round <= round:
            break
    return [f"{round}.{first + offset}" for offset in range(count)]


def read_candidate(
    draft: Draft | Choice,
    problem: Problem,
    *,
    id: str,
    operator: str = "solve",
    turn: int = 0,
    move: int = 0,
    parents: Sequence[str] = (),
    entry_point: str | None = None,
    base: str | None = None,
    reader: AnswerReader | None = None,
) -> Candidate:
    """Return a candidate with its program or answer, or the reason why it has none.

    A draft that is not complete has neither: it is a prefix, whatever can be read in it. Where
    there is a `base` and the text holds edits of it, the program is the base after these edits.

    Args:
        draft: The text, with its tokens and log-probabilities.
        problem: What was asked; its kind says how the text is read.
        id: The candidate's id, `ROUND.NUMBER`.
        operator: The name of the operator that made it.
        turn: The number of the decision that asked for it.
        move: The position of its move in that decision.
        parents: Ids of the candidates that it was made from.
        entry_point: The function that a program has to define, where it is known.
        base: The program that edits in the text apply to.
        reader: Reads the program; the last fenced block and what it needs, unless given.
    """
    if isinstance(draft, Choice):
        draft = Draft(draft)
    choice = draft.choice
    blank = Candidate(
        id=id,
        operator=operator,
        round=int(id.split(".")[0]),
        turn=turn,
        move=move,
        parents=tuple(parents),
        text=choice.text,
        complete=draft.complete,
        reasoning=choice.reasoning,
        tokens=choice.tokens,
        temperature=draft.temperature,
        certainty=token_certainty(choice.logprobs),
        mean_logprob=token_logprob(choice.logprobs),
    )
    if not draft.complete:
        return blank.model_copy(update={"steps": split_steps(choice.text, kind=problem.kind)})
    if not choice.text.strip():
        return blank.model_copy(update={"unusable": "the model answered nothing"})
    if reader:
        return blank.model_copy(update=reader(choice.text, problem)._asdict())
    if problem.kind == "code":
        update = read_program(choice, problem, entry_point=entry_point, base=base)
        return blank.model_copy(update=update)
    answer = extract_answer(choice.text, kind=problem.kind)
    missing = None if answer else "no final answer was found in the text"
    steps = split_steps(choice.text, kind=problem.kind)
    return blank.model_copy(update={"answer": answer, "unusable": missing, "steps": steps})


def read_program(
    choice: Choice, problem: Problem, *, entry_point: str | None, base: str | None
) -> dict[str, object]:
    """Return the fields of a candidate that its program decides."""
    if base is not None:
        edited = edit_program(
            choice.text,
            base,
            entry_point=entry_point,
            preamble=problem.preamble,
            truncated=choice.truncated,
        )
        if isinstance(edited, EditedProgram) and edited.applied is not None:
            return {"program": edited.source.strip("\n"), "edited": True}
        if isinstance(edited, Refusal) and edited.kind not in ("no_edit", "elided"):
            return {"unusable": edited.reason.partition("\n")[0]}
    program = extract_program(choice.text, entry_point=entry_point, preamble=problem.preamble)
    source = program.source.strip("\n") if program.source else program.source
    return {"program": source, "unusable": program.problem}


def entry_point_of(problem: Problem, tests: Sequence[VisibleTest]) -> str | None:
    """Return the function that a code problem asks for, as far as it can be told."""
    if problem.entry_point or problem.kind != "code":
        return problem.entry_point
    called = (test.entry_point for test in tests if test.form == "call")
    return next(called, None) or infer_entry_point(problem.prompt)
