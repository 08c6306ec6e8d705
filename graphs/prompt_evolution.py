"""Evolve a prompt on solved problems: an archive of prompts, or GEPA, behind one operator."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.operators import Operator, Outcome, Task
from refinegraph.agents.operators.prompting import prompted
from refinegraph.agents.solver import answer_format
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.islands import archive
from refinegraph.graphs.search import search_graph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.stages import run_within
from refinegraph.schema import Candidate, LabelledProblem, Note, Problem, Score
from refinegraph.support.awaiting import wait_for_all
from refinegraph.tools.answers import extract_answer, same_answer
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory
from refinegraph.tools.test_cases.checking import HiddenTests

_MUTATE = """An instruction for a language model that solves problems:

$solution

How it did:
$scores

Write another version of the instruction, changed in a way that may make it better. Write nothing \
but the instruction."""
_CROSS = """Instructions for a language model that solves problems:

$solutions

Write one instruction that joins what is good in them. Write nothing but the instruction."""
_ASKED = Problem(prompt="Write an instruction for a model that solves problems.", kind="text")


async def is_right(text: str, solved: LabelledProblem, *, sandbox: Sandbox | None = None) -> bool:
    """Return whether an answer solves a problem, by its reference answer or its hidden tests.

    Costs nothing for answers, one sandbox run for a program. Raises `InputError` for a problem
    that has neither.
    """
    problem, gold = solved
    if problem.kind != "code":
        if not gold.answer:
            raise InputError(f"problem {problem.id!r} has no reference answer to learn from.")
        answer = extract_answer(text, kind=problem.kind)
        return answer is not None and await same_answer(
            answer, gold.answer, kind=problem.kind, prompt=problem.prompt
        )
    program = extract_program(text, entry_point=problem.entry_point, preamble=problem.preamble)
    if program.source is None:
        return False
    tests = HiddenTests(solved)
    return (await tests.check(sandbox or Sandbox(), program.source)).passed


class prompt_fitness:
    """Score a prompt by the share of solved problems that a model gets right with it.

    A candidate's text is an instruction that stands above each problem. The evidence names one
    problem that it fails on, with the model's answer, so that a writer sees what to mend; the
    reference answer is never shown. Costs one call a problem, and nothing for a prompt that was
    scored before.
    """

    scores_alone = True

    def __init__(
        self,
        model: BaseChatModel,
        examples: Sequence[LabelledProblem],
        *,
        sandbox: Sandbox | None = None,
    ) -> None:
        if not examples:
            raise InputError("prompts are judged by solved problems; give at least one.")
        self.model = model
        self.examples = tuple(examples)
        self.sandbox = sandbox
        self._known: Memory[str, Score] = Memory()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a prompt, and what they cost."""
        with charging(forward=True) as spent:
            told = await self._known.each([each.text.strip() for each in candidates], self._measure)
        scores = (each if isinstance(each, Score) else _unknown(str(each)) for each in told)
        return Scored(tuple(scores), spent.usage)

    async def _measure(self, prompt: str) -> Score:
        answers = await wait_for_all(*(self.ask(prompt, solved) for solved in self.examples))
        failed = [
            f"It fails on: {solved.problem.prompt.strip()}\nThe model answered: {text}"
            for solved, (text, right) in zip(self.examples, answers, strict=True)
            if not right
        ]
        value = 1 - len(failed) / len(self.examples)
        return Score(scorer="fitness", value=value, evidence=failed[0] if failed else "")

    async def ask(self, prompt: str, solved: LabelledProblem) -> tuple[str, bool]:
        """Return what the model answers to one problem under a prompt, and whether it is right."""
        problem = solved.problem
        words = f"{prompt}\n\n{problem.prompt.strip()}\n\n{answer_format(problem.kind)}"
        made = await generate(self.model, [HumanMessage(words)], sampling=Sampling(temperature=0.0))
        text = made.choices[0].text
        return text, await is_right(text, solved, sandbox=self.sandbox)

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"prompt_fitness({model_name(self.model)!r}, {len(self.examples)} examples)"


class evolve_prompt(Operator):
    """Note the best prompt that evolution over an archive finds on solved problems.

    Prompts are candidates of an inner run: `seeds` first, then what `mutate` and `cross` make of
    them. With e examples and m prompts it costs at most m (1 + e) calls, charged to the move.

    Args:
        model: The model that the prompts are for.
        examples: The solved problems.
        seeds: The prompts to begin with.
        writer: The model that writes prompts; `model` unless given.
        mutate: What it is asked about one prompt, with the places of `prompted`.
        cross: What it is asked about two.
        policy: Which prompts are changed; an `archive` of 12 prompts on one island unless given.
            Its operators are `mutate` (of one) and `cross` (of any number).
    """

    def __init__(
        self,
        model: BaseChatModel,
        examples: Sequence[LabelledProblem],
        *,
        seeds: Sequence[str],
        writer: BaseChatModel | None = None,
        mutate: str = _MUTATE,
        cross: str = _CROSS,
        policy: Policy | None = None,
    ) -> None:
        fitness = prompt_fitness(model, examples)
        first = tuple(seeds) or ("Solve the problem.",)
        drawn = {"mutate": 1, "cross": 2}
        policy = policy or archive(drawn, islands=1, roots=len(first), max_candidates=12)
        author = writer or model
        self._inner = search_graph(
            operators={
                "solve": lambda task: list(first[: task.count]),
                "mutate": prompted(author, mutate),
                "cross": prompted(author, cross),
            },
            policy=policy,
            scorer=fitness,
            select=best_of(),
            stop=None,
            name="evolve-prompt",
        )
        self._shown = f"evolve_prompt({model_name(model)!r}, {len(fitness.examples)} examples)"

    @property
    def proposes(self) -> bool:
        """A prompt is no candidate for an answer."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note with the best prompt."""
        result = await run_within(self._inner, _ASKED)
        chosen = result.chosen
        return Outcome(notes=(Note(text=chosen.text.strip(), about="prompt"),) if chosen else ())

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return self._shown


def _unknown(why: str) -> Score:
    return Score(scorer="fitness", value=None, evidence=why)
