"""Evolve a prompt on solved problems with an archive of prompts."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from refinegraph.agents.judges.cached_scores import score_cases
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.operators import Operator, Outcome, Task
from refinegraph.agents.operators.prompting import prompted
from refinegraph.agents.solver import answer_format
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
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch
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

    Costs nothing for an answer and one sandbox run for a program. Raises `InputError` if the
    problem has neither a reference answer nor hidden tests.
    """
    problem, gold = solved
    if problem.kind != "code":
        if not gold.answer:
            raise InputError(f"problem {problem.id!r} has no reference answer.")
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
    """Score a prompt by the share of solved problems that a model answers correctly with it.

    A candidate's text is an instruction placed above each problem. The evidence contains one
    problem that failed, with the model's answer, so that a writer sees what to improve; it never
    contains the reference answer. Costs one call per problem, and nothing for a prompt scored
    before.
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
            raise InputError("prompt_fitness needs at least one solved problem.")
        self.model = model
        self.examples = tuple(examples)
        self.sandbox = sandbox
        self._cache: AsyncCache[str, Score] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per prompt and the total cost."""
        prompts = [candidate.text.strip() for candidate in candidates]
        return await score_cases(prompts, self._cache, self._measure, scorer="fitness")

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
        """Return the model's answer to one problem with a prompt, and whether it is right."""
        problem = solved.problem
        text = f"{prompt}\n\n{problem.prompt.strip()}\n\n{answer_format(problem.kind)}"
        samples = await generate(
            self.model, [HumanMessage(text)], sampling=Sampling(temperature=0.0)
        )
        answer = samples.choices[0].text
        return answer, await is_right(answer, solved, sandbox=self.sandbox)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"prompt_fitness({model_name(self.model)!r}, {len(self.examples)} examples)"


class evolve_prompt(Operator):
    """Add a note with the best prompt that an evolving archive of prompts reaches.

    Prompts are the candidates of an inner run: first `seeds`, then the results of `mutate` and
    `cross`. With e examples and m prompts, it costs at most m (1 + e) calls, charged to the move.

    Args:
        model: The model for which prompts are optimised.
        examples: The solved problems.
        seeds: The initial prompts.
        writer: The model that writes prompts, by default `model`.
        mutate: The request to change one prompt, with the placeholders of `prompted`.
        cross: The request to combine two prompts.
        policy: Selects the prompts to change, with the operators `mutate` (one parent) and `cross`
            (any number); by default an `archive` of 12 prompts on one island.
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
        initial = tuple(seeds) or ("Solve the problem.",)
        parents = {"mutate": 1, "cross": 2}
        policy = policy or archive(parents, islands=1, roots=len(initial), max_candidates=12)
        author = writer or model
        self._inner = search_graph(
            operators={
                "solve": lambda task: list(initial[: task.count]),
                "mutate": prompted(author, mutate),
                "cross": prompted(author, cross),
            },
            policy=policy,
            scorer=fitness,
            select=best_of(),
            stop=None,
            name="evolve-prompt",
        )
        self._repr = f"evolve_prompt({model_name(model)!r}, {len(fitness.examples)} examples)"

    @property
    def proposes(self) -> bool:
        """False, because a prompt is not a candidate answer."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note with the best prompt."""
        result = await run_within(self._inner, _ASKED)
        best = result.chosen
        return Outcome(notes=(Note(text=best.text.strip(), about="prompt"),) if best else ())

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return self._repr
