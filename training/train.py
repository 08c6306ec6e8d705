"""Train the model: `python -m training.train --out runs/one`. An interrupted run is continued."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.exporting import NAME, export
from training.mixture import draw_trees
from training.model import Shape, TinyLlama
from training.optimizing import Optimizer, train_step
from training.phases import PHASES, Phase, scaled
from training.practice import Practice, practice
from training.sampling import Sampler
from training.stream import CHUNK, Place, batches, copying, tokenized
from training.tokens import load_tokenizer, train_tokenizer
from training.trees import Document

_SAVE_SECONDS = 120
"""Seconds between checkpoints: a choice that bounds the lost work."""
_LOG_STEPS = 25
"""Steps between lines of the log: a choice."""


class Trainer:
    """A model in training, with the state that a checkpoint stores."""

    def __init__(self, out: Path, *, shape: Shape | None = None) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out = out
        self.tokenizer = _tokenizer(out)
        torch.manual_seed(0)
        self.model = TinyLlama(shape or Shape(vocabulary=self.tokenizer.get_vocab_size()))
        self.optimizer = Optimizer(self.model)
        self.phase = self.chunk = self.place = self.tokens = self.steps = 0
        self.seconds = 0.0
        self._restore()

    @property
    def checkpoint(self) -> Path:
        """The path of the latest checkpoint."""
        return self.out / "checkpoint.pt"

    def save(self) -> None:
        """Write a checkpoint atomically."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state(),
            "counters": [self.phase, self.chunk, self.place, self.tokens, self.steps],
            "seconds": self.seconds,
        }
        fresh = self.checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.checkpoint)

    def _restore(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.restore(state["optimizer"])
        self.phase, self.chunk, self.place, self.tokens, self.steps = state["counters"]
        self.seconds = state["seconds"]

    def run(self, phase: Phase, *, steps: int | None = None) -> None:
        """Train one phase to its end, or for `steps` steps."""
        saved = logged = time.monotonic()
        mean, before = 4.0, self.steps
        first = Place(self.chunk, self.place)
        for place, batch in batches(self._documents(phase), first=first):
            losses = train_step(self.model, self.optimizer, batch, scale=self._scale(phase))
            mean += 0.02 * (losses.loss - mean)
            self.chunk, self.place = place.chunk, place.batch + 1
            self.steps, self.tokens = self.steps + 1, self.tokens + losses.tokens
            if self.steps % _LOG_STEPS == 0:
                now = time.monotonic()
                self.seconds, logged = self.seconds + now - logged, now
                self._log(phase, mean)
            if time.monotonic() - saved > _SAVE_SECONDS:
                saved = time.monotonic()
                self.save()
            if phase.is_over(self.tokens, mean):
                break
            if steps is not None and self.steps - before >= steps:
                self.save()
                return
        self.phase, self.tokens = self.phase + 1, 0
        self.chunk, self.place = self.chunk + 1, 0
        self.save()
        torch.save(self.model.state_dict(), self.out / f"{phase.name}.pt")

    def _scale(self, phase: Phase) -> float:
        return min(1.0, (self.steps + 1) / 60) * phase.rate(self.tokens)

    def _documents(self, phase: Phase) -> Callable[[int], list[Document]]:
        if phase.mixture is None:
            return partial(copying, tokenizer=self.tokenizer)
        mixture, own = phase.mixture, self._practice(phase)

        def draw(number: int) -> list[Document]:
            return tokenized(draw_trees(mixture, number, count=CHUNK, own=own), self.tokenizer)

        return draw

    def _practice(self, phase: Phase) -> list[Practice]:
        """Let the model, as it is when the phase begins, attempt tasks; this is done only once."""
        if not phase.practice or phase.mixture is None:
            return []
        return practice(
            Sampler(self.model, self.tokenizer, longest=160),
            self.out / f"{phase.name}.jsonl",
            count=phase.practice,
            seed=500_000 + 1_000 * self.phase,
            steps=phase.mixture.steps,
            vague=phase.mixture.vague,
        )

    def _log(self, phase: Phase, mean: float) -> None:
        line = (
            f"{phase.name} step {self.steps} tokens {self.tokens} seconds {self.seconds:.0f} "
            f"loss {mean:.3f}\n"
        )
        with (self.out / "log.txt").open("a") as log:
            log.write(line)


def _tokenizer(out: Path) -> Tokenizer:
    path = out / "tokenizer.json"
    if path.exists():
        return load_tokenizer(path)
    mixture = PHASES[-1].mixture
    assert mixture is not None
    trees = draw_trees(mixture._replace(own=0.0), 0, count=3_000)
    texts = (branch.read + branch.write for tree in trees for branch in tree.branches)
    return train_tokenizer(texts, path)


def main() -> None:
    """Run every phase that has not been completed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of every phase to train"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.out)
    for phase in scaled(PHASES, options.share)[trainer.phase :]:
        trainer.run(phase)
    export(trainer.model, trainer.tokenizer, options.out / "model.gguf", name=NAME)


if __name__ == "__main__":
    main()
