"""The bundled tasks, one after the other, until one had to be repaired."""

from refinegraph.schema import RefinementResult
from refinegraph.session.examples import example
from refinegraph.session.session import Session

FEWEST, MOST = 3, 12


def tour(session: Session) -> bool:
    """Solve tasks in their order until one failed at first and was repaired; whether one was.

    At least three and at most twelve.
    """
    repaired = False
    while session.examples < FEWEST or (not repaired and session.examples < MOST):
        session.examples += 1
        problem = example(session.examples)
        session.say(f"\n── task {session.examples} ──\n{problem.prompt}\n", "bold")
        session.solve(problem, told=True)
        if session.result is None:
            break
        repaired = repaired or was_repaired(session.result)
    return repaired


def was_repaired(result: RefinementResult) -> bool:
    """Whether the answer is proved and came from a refinement of one that failed."""
    return bool(result.solved and result.chosen and result.chosen.parent_id)
