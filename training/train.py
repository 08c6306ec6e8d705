"""Train the model: `python -m training.train --out runs/one`. Goes on where it was stopped."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from tokenizers import Tokenizer

from refinegraph.embedded.tasks import generate_tasks
from training.documents import Document, render_all
from training.exporting import export
from training.model import Shape, TinyLlama
from training.optimizing import Optimizer, train_step
from training.phases import PHASES, Phase
from training.practice import Practice, practice
from training.stream import batches, composing, copying, practising
from training.tokens import load_tokenizer, train_tokenizer

_SAVE_SECONDS = 120
_LOG_STEPS = 25


class Trainer:
    """A model on its way through the phases, with everything that a checkpoint keeps."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out = out
        self.tokenizer = _tokenizer(out)
        torch.manual_seed(0)
        self.model = TinyLlama(Shape(vocabulary=self.tokenizer.get_vocab_size()))
        self.optimizer = Optimizer(self.model)
        self.phase = self.chunk = self.tokens = self.steps = 0
        self.seconds = 0.0
        self._restore()

    @property
    def checkpoint(self) -> Path:
        """Where the latest state lies."""
        return self.out / "checkpoint.pt"

    def save(self) -> None:
        """Write everything that going on needs, all or nothing."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state(),
            "counters": [self.phase, self.chunk, self.tokens, self.steps, self.seconds],
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
        self.phase, self.chunk, self.tokens, self.steps, self.seconds = state["counters"]

    def run(self, phase: Phase) -> None:
        """Train one phase to its end."""
        saved = logged = time.monotonic()
        mean = 4.0
        for number, batch in batches(self._documents(phase), first_chunk=self.chunk):
            losses = train_step(self.model, self.optimizer, batch, scale=self._scale(phase))
            mean += 0.02 * (losses.loss - mean)
            self.chunk, self.steps = number, self.steps + 1
            self.tokens += losses.tokens
            if self.steps % _LOG_STEPS == 0:
                now = time.monotonic()
                self.seconds, logged = self.seconds + now - logged, now
                self._log(phase, mean)
            if time.monotonic() - saved > _SAVE_SECONDS:
                saved = time.monotonic()
                self.save()
            if phase.is_over(self.tokens, mean):
                break
        self.phase, self.tokens, self.chunk = self.phase + 1, 0, self.chunk + 1
        self.save()
        torch.save(self.model.state_dict(), self.out / f"{phase.name}.pt")

    def _scale(self, phase: Phase) -> float:
        return min(1.0, (self.steps + 1) / 60) * phase.rate(self.tokens)

    def _documents(self, phase: Phase) -> Callable[[int], list[Document]]:
        if phase.practice:
            return partial(
                practising,
                tokenizer=self.tokenizer,
                lengths=phase.lengths,
                repairs=phase.repairs,
                own=self._practice(phase),
                plain_names=phase.plain_names,
            )
        if phase.lengths:
            return partial(
                composing, tokenizer=self.tokenizer, lengths=phase.lengths, repairs=phase.repairs
            )
        return partial(copying, tokenizer=self.tokenizer)

    def _practice(self, phase: Phase) -> list[Practice]:
        """Let the model as it was when the phase began try tasks, once."""
        model = self.out / f"before-{phase.name}.gguf"
        if not model.exists():
            export(self.model, self.tokenizer, model, name="in training")
        return practice(
            model,
            self.out / f"{phase.name}.jsonl",
            tasks=phase.practice,
            plain_names=phase.plain_names,
            seed=phase.practice_seed,
            vague_share=phase.vague_share,
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
    tasks = generate_tasks(
        "train", count=4_000, seed=7, lengths=(1, 1, 2, 2, 3, 3, 4), plain_names=True
    )
    return train_tokenizer(render_all(tasks), path)


def main() -> None:
    """Run every phase that has not been run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.out)
    for phase in PHASES[trainer.phase :]:
        trainer.run(phase)
    export(
        trainer.model, trainer.tokenizer, options.out / "model.gguf", name="refinegraph embedded"
    )


if __name__ == "__main__":
    main()
