"""Parse the texts of models into candidates."""

from collections.abc import Sequence

from refinegraph.agents.alternatives import alternatives_of
from refinegraph.agents.certainty import token_certainty, token_logprob
from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft
from refinegraph.schema import Candidate, Problem, VisibleTest
from refinegraph.tools.answers import extract_answer
from refinegraph.tools.checkers import AnswerReader
from refinegraph.tools.edits import EditedProgram, RejectedEdit, edit_program
from refinegraph.tools.programs import extract_program, infer_entry_point
from refinegraph.tools.steps import split_steps


def next_ids(candidates: Sequence[Candidate], *, round: int, count: int) -> list[str]:
    """Return `count` unused ids of a round; `candidates` must be in order.

    >>> next_ids([], round=1, count=2)
    ['1.0', '1.1']
    """
    first = 0
    for candidate in reversed(candidates):
        in_round, number, *_ = candidate.sort_key
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
    """Parse a draft into a candidate with its program or answer, or the reason why it has none.

    An incomplete draft has neither program nor answer, because it is only a prefix. If `base` is
    given and the text contains edits, the program is `base` after these edits.

    Args:
        draft: The text, with its tokens and log-probabilities.
        problem: The problem, whose kind determines how the text is parsed.
        id: The candidate's id, `ROUND.NUMBER`.
        operator: The name of the operator that produced it.
        turn: The number of the decision that requested it.
        move: The index of its move in that decision.
        parents: Ids of the candidates from which it was derived.
        entry_point: The function that a program has to define, if known.
        base: The program to which edits in the text apply.
        reader: Extracts the program; by default the last fenced block and what it depends on.
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
        self_certainty=token_certainty(choice.logprobs),
        mean_logprob=token_logprob(choice.logprobs),
        gap=draft.gap,
    )
    fields = _read_fields(draft, problem, entry_point=entry_point, base=base, reader=reader)
    parsed = blank.model_copy(update=fields)
    alternatives = draft.alternatives
    if alternatives is None and choice.logprobs and problem.kind == "code":
        alternatives = alternatives_of(choice, parsed.program)
    return parsed.model_copy(update={"alternatives": alternatives}) if alternatives else parsed


def _read_fields(
    draft: Draft,
    problem: Problem,
    *,
    entry_point: str | None,
    base: str | None,
    reader: AnswerReader | None,
) -> dict[str, object]:
    """Return the fields of a candidate that are parsed from its text."""
    choice = draft.choice
    if not draft.complete:
        return {"steps": split_steps(choice.text, kind=problem.kind)}
    if not choice.text.strip():
        return {"unusable": "the model answered nothing"}
    if reader:
        return reader(choice.text, problem)._asdict()
    if problem.kind == "code":
        return read_program(choice, problem, entry_point=entry_point, base=base)
    answer = extract_answer(choice.text, kind=problem.kind)
    missing = None if answer else "no final answer was found in the text"
    steps = split_steps(choice.text, kind=problem.kind)
    return {"answer": answer, "unusable": missing, "steps": steps}


def read_program(
    choice: Choice, problem: Problem, *, entry_point: str | None, base: str | None
) -> dict[str, object]:
    """Return the fields of a candidate that depend on its program."""
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
        if isinstance(edited, RejectedEdit) and edited.kind not in ("no_edit", "elided"):
            return {"unusable": edited.reason.partition("\n")[0]}
    program = extract_program(choice.text, entry_point=entry_point, preamble=problem.preamble)
    source = program.source.strip("\n") if program.source else program.source
    return {"program": source, "unusable": program.problem}


def entry_point_of(problem: Problem, tests: Sequence[VisibleTest]) -> str | None:
    """Return the function that a code problem asks for, if it can be determined."""
    if problem.entry_point or problem.kind != "code":
        return problem.entry_point
    called = (test.entry_point for test in tests if test.form == "call")
    return next(called, None) or infer_entry_point(problem.prompt)
