"""The learning loop: trees equal plain text, rounds improve the model, interrupted runs resume."""

import itertools
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch comes with the group 'training'")

from refinegraph.evaluation.export import Example, Preference, Rollout, Source  # noqa: E402
from training.exporting import export  # noqa: E402
from training.improve import Improvement, Settings  # noqa: E402
from training.mixture import Mixture, draw_trees  # noqa: E402
from training.model import Shape, TinyLlama  # noqa: E402
from training.objectives import (  # noqa: E402
    Learner,
    gains_of,
    group_advantages,
    learn_examples,
    learn_preferences,
    learn_rewards,
)
from training.optimizing import Optimizer, answer_losses  # noqa: E402
from training.phases import PHASES, Phase  # noqa: E402
from training.rollouts import answer_tree  # noqa: E402
from training.rounds import compare  # noqa: E402
from training.tokens import train_tokenizer  # noqa: E402
from training.train import Trainer  # noqa: E402
from training.trees import as_batch, as_document  # noqa: E402

torch.set_num_threads(1)  # tests run side by side, and threads of one wait for those of others

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHORT = Mixture(steps=(1,), vague=(0,))
SOURCE = Source(
    problem_id="p",
    strategy="s",
    model=None,
    version="0",
    candidate_id="0.0",
    round=0,
    solved=True,
    correct=True,
)
PROMPT = "Return the sum of xs: f(xs).\nf([1, 2]) == 3"
RIGHT, WRONG = "def f(xs):\n    return sum(xs)", "def f(xs):\n    return len(xs)"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    trees = draw_trees(SHORT, 0, count=60)
    texts = [branch.read + branch.write for tree in trees for branch in tree.branches]
    return train_tokenizer(texts, tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")


def tiny(tokenizer: Any) -> TinyLlama:
    torch.manual_seed(1)
    return TinyLlama(shape(tokenizer))


def shape(tokenizer: Any) -> Shape:
    return Shape(
        vocabulary=tokenizer.get_vocab_size(), width=32, layers=2, heads=2, feed_forward=64
    )


def learner(model: TinyLlama, tokenizer: Any) -> Learner:
    return Learner(model, Optimizer(model), tokenizer, scale=0.5)


def likelihood(model: TinyLlama, tokenizer: Any, program: str) -> float:
    batch = as_batch([as_document(answer_tree(PROMPT, program), tokenizer)])
    with torch.no_grad():
        return -float(answer_losses(model, batch).sum())


def test_a_branch_of_a_tree_is_read_like_plain_text(tokenizer: Any) -> None:
    model = tiny(tokenizer)
    mixture = PHASES[-1].mixture
    assert mixture is not None
    trees = draw_trees(mixture._replace(own=0.0), 5, count=12)
    tree = max(trees, key=lambda tree: len(tree.branches))
    document = as_document(tree, tokenizer)
    batch = as_batch([document])
    with torch.no_grad():
        whole = model(batch.tokens, positions=batch.positions, mask=batch.mask.float())[0]
        for number, line in enumerate(document.lines):
            on_the_way = [place for place, owner in enumerate(document.owners) if owner in line]
            alone = model(batch.tokens[:, on_the_way])[0]
            own = [place for place, owner in enumerate(document.owners) if owner == number]
            assert torch.allclose(alone[-len(own) :], whole[own], atol=1e-4)


def test_imitation_makes_right_answers_likelier(tokenizer: Any) -> None:
    model = tiny(tokenizer)
    before = likelihood(model, tokenizer, RIGHT)
    line = Example(prompt=PROMPT, completion=RIGHT, source=SOURCE)
    learned = learn_examples(learner(model, tokenizer), [line])
    assert learned.steps == 1
    assert likelihood(model, tokenizer, RIGHT) > before


def test_preferences_part_right_answers_from_wrong_ones(tokenizer: Any) -> None:
    model = tiny(tokenizer)
    line = Preference(prompt=PROMPT, chosen=RIGHT, rejected=WRONG, source=SOURCE)
    before = likelihood(model, tokenizer, RIGHT) - likelihood(model, tokenizer, WRONG)
    for _ in range(3):
        learn_preferences(learner(model, tokenizer), [line])
    after = likelihood(model, tokenizer, RIGHT) - likelihood(model, tokenizer, WRONG)
    assert after > before


def test_rewards_part_right_answers_from_wrong_ones(tokenizer: Any) -> None:
    model = tiny(tokenizer)
    lines = [rollout(RIGHT, 1.0), rollout(WRONG, 0.0)]
    before = likelihood(model, tokenizer, RIGHT) - likelihood(model, tokenizer, WRONG)
    for _ in range(3):
        learn_rewards(learner(model, tokenizer), lines)
    after = likelihood(model, tokenizer, RIGHT) - likelihood(model, tokenizer, WRONG)
    assert after > before


def rollout(program: str, reward: float) -> Rollout:
    return Rollout(prompt=PROMPT, completion=program, reward=reward, source=SOURCE)


def test_answers_with_equal_rewards_have_no_advantage(tokenizer: Any) -> None:
    alike = [rollout(RIGHT, 0.5), rollout(WRONG, 0.5)]
    assert group_advantages(alike) == [0.0, 0.0]
    model = tiny(tokenizer)
    assert learn_rewards(learner(model, tokenizer), alike).steps == 0
    assert group_advantages([rollout(RIGHT, 1.0), rollout(WRONG, 0.0)]) == [1.0, -1.0]


def test_an_answer_that_passes_only_some_tests_is_not_reinforced() -> None:
    assert group_advantages([rollout(RIGHT, 2 / 3), rollout(WRONG, 0.0)]) == [0.0, 0.0]


def test_an_answer_that_was_sampled_twice_counts_twice() -> None:
    sampled = [rollout(RIGHT, 1.0), *[rollout(WRONG, 0.0)] * 2]
    gains = gains_of(sampled)
    assert gains[PROMPT, RIGHT] == pytest.approx(2**0.5)
    assert gains[PROMPT, WRONG] == pytest.approx(-(2**0.5))


def test_the_usual_mixture_is_learned_between_the_data_of_a_round(tokenizer: Any) -> None:
    line = Example(prompt=PROMPT, completion=RIGHT, source=SOURCE)
    alone = learn_examples(learner(tiny(tokenizer), tokenizer), [line])
    usual = as_batch([as_document(answer_tree(PROMPT, WRONG), tokenizer)])
    rehearsing = learner(tiny(tokenizer), tokenizer)._replace(usual=itertools.repeat(usual))
    both = learn_examples(rehearsing, [line])
    assert both.steps == alone.steps
    assert both.tokens == alone.tokens + usual.size


@pytest.mark.parametrize("method", ["star", "preferences", "rewards"])
def test_a_round_runs_exports_learns_and_measures(
    method: Any, tokenizer: Any, tmp_path: Path
) -> None:
    weights = tmp_path / "start.pt"
    torch.save(tiny(tokenizer).state_dict(), weights)
    settings = Settings(method, rounds=1, tasks=3, samples=2, held_out=2, steps=(1,), vague=(0,))

    def loop(method: Any) -> Improvement:
        return Improvement(
            weights,
            tokenizer,
            tmp_path,
            settings._replace(method=method),
            shape=shape(tokenizer),
            mixture=SHORT,
        )

    said: list[str] = []
    rounds = loop(method).run(say=said.append)
    assert [each.number for each in rounds] == [0, 1]
    assert rounds[1].written_tokens > 0
    lines = (tmp_path / "1-rollout.jsonl").read_text().splitlines()
    assert all(json.loads(line)["reward"] in (0, 1 / 3, 2 / 3, 1) for line in lines)
    assert loop(method).run(say=said.append) == rounds
    plain = loop("plain").run(budget=[rounds[1].compute], say=said.append)
    assert plain[1].learned_tokens >= rounds[1].compute
    assert "against plain training" in compare(rounds[1], plain[1])


def test_a_run_that_was_stopped_ends_like_one_that_was_not(tokenizer: Any, tmp_path: Path) -> None:
    phase = Phase("short", 12_000, SHORT)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
        tokenizer.save(str(tmp_path / name / "tokenizer.json"))
    whole = Trainer(tmp_path / "whole", shape=shape(tokenizer))
    whole.run(phase)
    first = Trainer(tmp_path / "parts", shape=shape(tokenizer))
    first.run(phase, steps=1)
    second = Trainer(tmp_path / "parts", shape=shape(tokenizer))
    assert second.steps == 1
    second.run(phase)
    assert second.steps == whole.steps > 2
    for name, values in whole.model.state_dict().items():
        assert torch.allclose(values, second.model.state_dict()[name], atol=1e-5), name


def test_files_say_which_prompts_the_model_was_trained_on(tokenizer: Any, tmp_path: Path) -> None:
    from refinegraph.agents.models import resolve_model
    from refinegraph.agents.prompts import prompts_for

    file = tmp_path / "tiny.gguf"
    export(tiny(tokenizer), tokenizer, file, name="tiny")
    assert prompts_for(resolve_model(f"local/{file}")).name == "compact2"


def test_the_example_learns_from_exports_with_trl(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("trl", reason="trl is not installed")
    example = Example(prompt=PROMPT, completion=RIGHT, source=SOURCE)
    preference = Preference(prompt=PROMPT, chosen=RIGHT, rejected=WRONG, source=SOURCE)
    files = {"sft.jsonl": example, "dpo.jsonl": preference}
    for name, line in files.items():
        (tmp_path / name).write_text(f"{line.model_dump_json()}\n" * 8)
    example_main = runpy.run_path(str(EXAMPLES / "learn_with_trl.py"))["main"]
    example_main([*(str(tmp_path / name) for name in files), "--steps", "2"])
    assert "dpo: last loss 0." in capsys.readouterr().out
