"""Phrases for the outcome of a run, shared by the graph and all displays.

They state what execution showed, and no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from refinegraph.schema import Candidate, Decision, Move, RefinementResult, StopReason, Verdict

Outcome = Literal["proved", "refuted", "unverified", "no answer"]
"""What execution showed about an answer. An answer that could not be executed is unverified."""


_MOST_PARENTS = 8
"""The parents of a move that are named one by one."""


def plural(number: int, word: str, many: str | None = None) -> str:
    """Return a number with its noun in the singular or plural.

    >>> plural(2, "retry", "retries")
    '2 retries'
    """
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def all_visible_tests(count: int) -> str:
    """Return a phrase for all visible tests of a problem.

    >>> all_visible_tests(3), all_visible_tests(2), all_visible_tests(1)
    ('all 3 visible tests', 'both visible tests', 'the one visible test')

    A checker that needs no tests has made one check.
    """
    few = {0: "the check", 1: "the one visible test", 2: "both visible tests"}
    return few.get(count, f"all {count} visible tests")


def passed_words(passed: int, count: int) -> str:
    """Return a phrase for the number of visible tests that pass.

    >>> passed_words(1, 3), passed_words(1, 1), passed_words(0, 1)
    ('passes 1 of 3 visible tests', 'passes the one visible test', 'fails the one visible test')
    """
    if count == 1:
        return f"{'passes' if passed else 'fails'} the one visible test"
    return f"passes {passed} of {count} visible tests"


def verdict_words(verdict: Verdict) -> str:
    """Return what a verdict says about visible tests, or about the check if it used none."""
    if not verdict.tests:
        return f"{'passes' if verdict.passed else 'fails'} the check"
    return passed_words(len(verdict.passed_ids), len(verdict.tests))


def outcome_word(result: RefinementResult) -> Outcome:
    """Return what execution showed, as one word."""
    if result.answer is None:
        return "no answer"
    if result.solved:
        return "proved"
    refuted = result.solved is False and result.chosen and was_executed(result.chosen)
    return "refuted" if refuted else "unverified"


def outcome_words(result: RefinementResult) -> str:
    """Return what execution showed, as a phrase; visible tests do not prove correctness."""
    word = outcome_word(result)
    if word == "no answer":
        return "no usable answer"
    if word in ("proved", "refuted") and any(test.form == "command" for test in result.tests):
        return _patch_words(result, proved=word == "proved")
    if word == "proved":
        statement = {test.origin for test in result.tests} == {"statement"}
        where = " from the statement" if statement else ""
        return f"passes {all_visible_tests(len(result.tests))}{where}"
    if word == "refuted":
        verdict = result.chosen.verdict if result.chosen else None
        if not result.tests:
            return "refuted: fails the check"
        passed = len(verdict.passed_ids) if verdict else 0
        return f"refuted: {passed_words(passed, len(result.tests))}"
    return f"unverified: {_why_unverified(result)}"


def _patch_words(result: RefinementResult, *, proved: bool) -> str:
    """Return how many failing tests a patch fixes, and whether it breaks any test."""
    if proved:
        return "every test that failed passes, and none that passed is lost"
    verdict = result.chosen.verdict if result.chosen else None
    outcomes = [outcome for outcome in verdict.tests if outcome.id != "suite"] if verdict else []
    passed = sum(outcome.passed for outcome in outcomes)
    return f"refuted: {passed} of {plural(len(outcomes), 'test')} that failed pass"


def was_executed(candidate: Candidate) -> bool:
    """Return whether a candidate was run against visible tests without a sandbox failure."""
    return candidate.verdict is not None and candidate.verdict.status != "sandbox_error"


def stop_words(reason: StopReason) -> str:
    """Return the rule that ended a run, with its detail if there is one.

    >>> stop_words(StopReason(rule="rounds", detail="2 of 2 rounds were made"))
    'rounds: 2 of 2 rounds were made'
    """
    return f"{reason.rule}: {reason.detail}" if reason.detail else reason.rule


def _why_unverified(result: RefinementResult) -> str:
    written = sum(test.origin == "generated" for test in result.tests)
    if written == 1:
        return "the only test was 1 written by a model"
    if written:
        return f"the only tests were {written} written by a model"
    if result.solved is False:
        return "its tests could not be run"
    return "there was nothing to check it with"


def explained(decisions: Sequence[Decision]) -> Iterator[tuple[Decision, list[str]]]:
    """Yield every decision with the sentences that led to it.

    What the router found is left out if it is the same as for the decision before.
    """
    before = None
    for decision in decisions:
        found = decision.difficulty
        sentences = _reasons(decision)
        yield decision, sentences[1:] if found and found.reasons and found == before else sentences
        before = found


def _reasons(decision: Decision) -> list[str]:
    reasons = list(decision.difficulty.reasons) if decision.difficulty else []
    level = decision.difficulty.level if decision.difficulty else ""
    sentences = [f"The problem looks {level}: {'; '.join(reasons)}"] if reasons else []
    if decision.stop_reason and decision.stop_reason.detail not in ("", *reasons):
        sentences.append(decision.stop_reason.detail)
    sentences += _estimates(
        decision, {feature.name: feature.value for feature in decision.features}
    )
    return [_sentence(text) for text in sentences]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _estimates(decision: Decision, values: Mapping[str, float]) -> list[str]:
    """Return the policy's estimates for its choices; empty for policies without estimates."""
    if "sample_chance" in values and "repair_chance" in values:
        return _code_estimates(decision, values)
    return []


def _code_estimates(decision: Decision, values: Mapping[str, float]) -> list[str]:
    """Compare the next sample with the next repair; a run that is proved needs neither."""
    if decision.stop_reason and decision.stop_reason.rule == "accepted":
        return []
    sample = f"a new sample would pass with a chance of {values['sample_chance']:.0%}"
    if not values["repair_chance"]:
        return [f"{sample}, and there is nothing to repair"]
    chances = f"{sample}, a repair with {values['repair_chance']:.0%}"
    if decision.stop_reason:
        return [chances]
    better, other = ("repair", "sample") if decision.action == "refine" else ("sample", "repair")
    more = values.get(f"{better}_worth", 0) >= values.get(f"{other}_worth", 0)
    return [f"{chances}; per token, the {better} promises more" if more else chances]


def moves_words(decision: Decision) -> str:
    """Describe the moves of a decision, operator by operator.

    >>> from refinegraph.schema import Move
    >>> moves_words(Decision(number=2, moves=(Move(operator="solve", count=2),)))
    'take 2 more samples'
    """
    by_operator: dict[str, list[Move]] = {}
    for move in decision.moves:
        by_operator.setdefault(move.operator, []).append(move)
    return ", ".join(_operator_words(moves, decision) for moves in by_operator.values())


def _operator_words(moves: Sequence[Move], decision: Decision) -> str:
    operator = moves[0].operator
    parents = list(dict.fromkeys(parent for move in moves for parent in move.parents))
    count = sum(move.count for move in moves)
    if operator == "solve" and not parents:
        return f"take {plural(count, 'more sample' if decision.number else 'sample')}"
    name = operator.replace("_", " ")
    if parents:
        others = " and others" if len(parents) > _MOST_PARENTS else ""
        often = f", {plural(count, 'time')}" if count > len(parents) else ""
        return f"{name} {', '.join(parents[:_MOST_PARENTS])}{others}{often}"
    return f"{name} {plural(count, 'time')}" if count > 1 else name
