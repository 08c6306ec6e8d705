"""The TestWriter writes tests for a problem from its statement."""

from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.roles import WriteTests
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.protocols import WrittenTests
from refinegraph.agents.test_certainty import sure_tests
from refinegraph.errors import InputError
from refinegraph.schema import Problem
from refinegraph.tools.programs import infer_entry_point
from refinegraph.tools.test_cases import parse_generated_tests


class TestWriter(Operator):
    """Write tests for a code problem from its statement alone.

    The tests are guesses. They are marked as generated, weighted by how programs and tests agree
    (CodeT, arXiv 2207.10397), and never count as proof; no Refiner may edit them. The model is
    asked for `lists` independent lists of `per_list` tests, because independent guesses are worth
    more than one long list. Costs one model call if the provider returns several choices per call,
    otherwise one call per list.

    With a `certainty`, for example `SURE_TEST`, log-probabilities are requested, and the tests are
    dropped whose expected results the model wrote with a lower probability, summed over the lists.
    The tests that remain are more often right. Strategies keep all tests, because those that are
    wrong still tell programs apart: with the package's model, `best-of-n` without visible tests was
    right on 50.5 % of 200 tasks with all tests, and on 46.5 % with those of which it was sure (a
    difference of -10.5 to 2.5 points).

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.agents.test_certainty import SURE_TEST
    >>> TestWriter(ScriptedChatModel([], name="local"), certainty=SURE_TEST)
    TestWriter('local', lists=4, certainty=0.9)
    """

    __test__ = False

    def __init__(
        self,
        model: ModelLike,
        *,
        lists: int = 4,
        per_list: int = 6,
        certainty: float = 0.0,
        sampling: Sampling | None = None,
        prompts: PromptSet | None = None,
    ) -> None:
        self.model = as_chat_model(model)
        self.lists = lists
        self.per_list = per_list
        # As for a Solver with several samples: the lists have to differ.
        self.sampling = sampling or Sampling(temperature=0.8)
        if certainty and self.sampling.logprobs is None:
            self.sampling = self.sampling.model_copy(update={"logprobs": 0})
        self.certainty = certainty
        prompt = (prompts or prompts_for(self.model)).test_writer
        if prompt is None:
            name = model_name(self.model)
            raise InputError(
                f"model {name!r} cannot write tests; name another model for that role."
            )
        self.prompt = prompt

    async def __call__(self, problem: Problem) -> WrittenTests:
        """Return the tests that could be parsed and of which the model was sure."""
        entry_point = problem.entry_point or infer_entry_point(problem.prompt)
        messages = self.prompt.messages(
            problem=problem.prompt.strip(),
            entry_point=entry_point or "function_name",
            count=str(self.per_list),
        )
        drafts = await generate(self.model, messages, n=self.lists, sampling=self.sampling)
        texts = sure_tests(drafts.choices, certainty=self.certainty)
        tests = parse_generated_tests("\n".join(texts), entry_point=entry_point)
        return WrittenTests(tests, drafts.usage)

    @property
    def name(self) -> str:
        """The name of the operator's node."""
        return "write_tests"

    @property
    def proposes(self) -> bool:
        """False, because tests are not candidates."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return the generated tests."""
        return await WriteTests(self).apply(task)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        certainty = f", certainty={self.certainty:g}" if self.certainty else ""
        return f"TestWriter({model_name(self.model)!r}, lists={self.lists}{certainty})"
