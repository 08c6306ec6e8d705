"""Final answers: extract them from solutions, normalise them and decide which are equal."""

from refinegraph.tools.answers.equivalence import AnswerEquivalence, same_answer
from refinegraph.tools.answers.extraction import extract_answer
from refinegraph.tools.answers.normal_form import answer_key, choice_options

__all__ = ["AnswerEquivalence", "answer_key", "choice_options", "extract_answer", "same_answer"]
