"""Let a model learn from its own runs: `python -m training.improve --run runs/one --out runs/star`.

A round runs a strategy over training tasks with the engine, exports training data from the runs,
trains on it, and measures held-out tasks. The methods are

    plain        no runs; continue the previous training with the same compute
    star         imitate the model's right answers (rejection sampling)
    preferences  prefer its right answers to its wrong ones
    rewards      a policy gradient that rewards answers which pass all visible tests

An interrupted run continues after the last round that it finished, or after the runs of the next
round if these were finished. Methods with the same `--out` share the runs of the first round and
the figures before it, so all other arguments have to be the same.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import torch
from rich.console import Console
from tokenizers import Tokenizer

from refinegraph.embedded.tasks import GradedTask, graded_tasks
from training.exporting import NAME, export
from training.mixture import Mixture, draw_trees
from training.model import Shape, TinyLlama
from training.objectives import (
    Learned,
    Learner,
    learn_examples,
    learn_preferences,
    learn_rewards,
    learn_usual,
)
from training.optimizing import Optimizer
from training.phases import PHASES
from training.progress import Progress, measure_progress
from training.rollouts import Runs, read_runs, run_tasks, write_runs
from training.rounds import Round, compare, describe
from training.stream import Place, batches, tokenized
from training.tokens import load_tokenizer
from training.trees import Batch, Document

Method = Literal["plain", "star", "preferences", "rewards"]
METHODS: tuple[Method, ...] = get_args(Method)
RATE = 0.1
"""The share of the full learning rate at the beginning of a round. At 0.4, one round of `rewards`
changed pass@1 on 150 training tasks by 0.3 points, and one of `preferences` by -7.5; lower rates
were not compared, so the value is a choice."""
_TRAIN_SEED, _TEST_SEED = 800_000, 60_000
"""Seeds that neither the training of the model nor the report uses."""
_ROUND_SEED = 10_000
"""Distance between the seeds of two runs, larger than any number of rounds."""


class Settings(NamedTuple):
    """The amount of work in a round."""

    method: Method
    rounds: int = 3
    tasks: int = 400
    samples: int = 8
    held_out: int = 200
    steps: tuple[int, ...] = (2, 3, 4, 5, 6, 8)
    vague: tuple[int, ...] = (0, 1, 2, 3, 4)
    rate: float = RATE
    seed: int = 0
    beside: str = ""
    """For plain training, the method whose compute it repeats."""

    @property
    def folder(self) -> str:
        """The name of the folder of the rounds."""
        return f"{self.method}-beside-{self.beside}" if self.beside else self.method


class Improvement:
    """A model that is improved round by round.

    The files of a method are in a folder of its name, and those of plain training in one for every
    method whose compute it repeats. The figures of the model before any learning and the runs of
    the first round are the same for all methods and stand beside these folders.
    """

    def __init__(
        self,
        weights: Path,
        tokenizer: Tokenizer,
        out: Path,
        settings: Settings,
        *,
        shape: Shape | None = None,
        mixture: Mixture | None = None,
    ) -> None:
        self.out = out
        self.settings = settings
        self._folder(1).mkdir(parents=True, exist_ok=True)
        self.tokenizer = tokenizer
        self.mixture = mixture or _usual_mixture()
        torch.manual_seed(settings.seed)
        self.model = TinyLlama(shape or Shape(vocabulary=tokenizer.get_vocab_size()))
        self.model.load_state_dict(_weights(weights))

    def run(
        self, *, budget: Sequence[float] = (), say: Callable[[str], None] = print
    ) -> list[Round]:
        """Return all rounds; round 0 is the model before any learning.

        `budget` is the compute of every round for the method `plain`.
        """
        rounds: list[Round] = []
        for number in range(self.settings.rounds + 1):
            rounds.append(self._restored(number) or self._round(number, budget))
            say(describe(rounds[-1]))
        return rounds

    def _round(self, number: int, budget: Sequence[float]) -> Round:
        written = learned = 0
        if number and self.settings.method == "plain":
            learned = self._rehearse(round(budget[number - 1]), number).tokens
        elif number:
            runs = self._runs(number)
            written, learned = runs.tokens, self._learn(runs, number).tokens
        file = self._export(number)
        progress = measure_progress(file, self._held_out(), samples=self.settings.samples)
        finished = Round(number, learned, written, progress)
        self._save(finished)
        return finished

    def _runs(self, number: int) -> Runs:
        """Let the model of the previous round work on tasks that no earlier round used."""
        folder = self._folder(number - 1)
        finished = read_runs(folder, number)
        if finished:
            return finished
        settings = self.settings
        seed = _TRAIN_SEED + _ROUND_SEED * settings.seed + number
        tasks = graded_tasks(
            "train", count=settings.tasks, seed=seed, steps=settings.steps, vague=settings.vague
        )
        runs = run_tasks(self._file(number - 1), list(tasks), samples=settings.samples)
        write_runs(runs, folder, number)
        return runs

    def _learn(self, runs: Runs, number: int) -> Learned:
        learner = self._learner(usual=self._batches(number))
        match self.settings.method:
            case "star":
                return learn_examples(learner, runs.examples)
            case "preferences":
                return learn_preferences(learner, runs.preferences)
            case "rewards":
                return learn_rewards(learner, runs.rollouts)
            case "plain":
                return Learned(0, 0)

    def _rehearse(self, tokens: int, number: int) -> Learned:
        """Train on the usual mixture, in steps like those of other methods, for `tokens` tokens."""
        batches: list[Batch] = []
        left = tokens
        for batch in self._batches(number):
            if left <= 0:
                break
            batches.append(batch)
            left -= batch.size
        return learn_usual(self._learner(), batches)

    def _learner(self, usual: Iterator[Batch] | None = None) -> Learner:
        rate = self.settings.rate
        return Learner(self.model, Optimizer(self.model), self.tokenizer, rate, usual)

    def _batches(self, number: int) -> Iterator[Batch]:
        """Yield batches of the usual mixture, other ones in every round."""
        place = Place(1_000 * (1 + self.settings.seed) + 100 * number, 0)
        return (batch for _, batch in batches(self._usual, first=place))

    def _usual(self, chunk: int) -> list[Document]:
        return tokenized(draw_trees(self.mixture, chunk, count=100), self.tokenizer)

    def _held_out(self) -> list[GradedTask]:
        settings = self.settings
        return list(
            graded_tasks(
                "held_out", count=settings.held_out, seed=_TEST_SEED, steps=settings.steps,
                vague=settings.vague, plain=True,
            )
        )  # fmt: skip

    def _file(self, number: int) -> Path:
        return self._folder(number) / f"round-{number}.gguf"

    def _folder(self, number: int) -> Path:
        return self.out / self.settings.folder if number else self.out

    def _export(self, number: int) -> Path:
        export(self.model, self.tokenizer, self._file(number), name=f"{NAME}, round {number}")
        return self._file(number)

    def _save(self, finished: Round) -> None:
        path = self._file(finished.number)
        torch.save(self.model.state_dict(), path.with_suffix(".pt"))
        fields = {**finished._asdict(), "progress": finished.progress._asdict()}
        path.with_suffix(".json").write_text(json.dumps(fields))

    def _restored(self, number: int) -> Round | None:
        """Load a round that was finished earlier, with its model, or return None."""
        path = self._file(number).with_suffix(".json")
        if not path.exists():
            return None
        fields = json.loads(path.read_text())
        fields["progress"]["by_task"] = tuple(fields["progress"]["by_task"])
        self.model.load_state_dict(_weights(path.with_suffix(".pt")))
        return Round(**{**fields, "progress": Progress(**fields["progress"])})


def _usual_mixture() -> Mixture:
    mixture = PHASES[-1].mixture
    assert mixture is not None
    return mixture._replace(own=0.0)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    state = torch.load(path, weights_only=True)
    weights: dict[str, torch.Tensor] = state.get("model", state)
    return weights


def _numbers(text: str) -> tuple[int, ...]:
    """Parse a list such as `2,3,4`."""
    return tuple(map(int, text.split(",")))


def main() -> None:
    """Run one method, and plain training with the same compute."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--method", choices=[m for m in METHODS if m != "plain"], default="star")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--steps", type=_numbers, default=Settings._field_defaults["steps"])
    parser.add_argument("--vague", type=_numbers, default=Settings._field_defaults["vague"])
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tokenizer = load_tokenizer(options.run / "tokenizer.json")
    settings = Settings(
        options.method, options.rounds, options.tasks, options.samples, options.held_out,
        options.steps, options.vague, options.rate,
    )  # fmt: skip
    console = Console(markup=False, highlight=False, soft_wrap=True)

    def begin(settings: Settings) -> Improvement:
        console.print(f"\n{settings.method}")
        return Improvement(options.run / "checkpoint.pt", tokenizer, options.out, settings)

    ours = begin(settings).run(say=console.print)
    plain = begin(settings._replace(method="plain", beside=settings.method)).run(
        budget=[finished.compute for finished in ours[1:]], say=console.print
    )
    for mine, theirs in zip(ours[1:], plain[1:], strict=True):
        console.print(compare(mine, theirs))


if __name__ == "__main__":
    main()
