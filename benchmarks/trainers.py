"""Train with TRL and verifiers on rewards that are computed in the sandbox.

    pip install trl verifiers        # in a separate environment, with refinegraph
    python benchmarks/trainers.py

TRL's GRPO trains a network with a vocabulary of five words, one of which is a right program and one
a wrong program. The network has to learn from `tests_passed` alone which is which. A task of
verifiers scores answers with the same reward. A package that is not installed is skipped.
"""

import asyncio
import importlib.util
import sys
from importlib import import_module
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import Any, cast

from refinegraph.rewards import repair_environment, tests_passed

RIGHT = "def add(a, b): return a + b"
WRONG = "def add(a, b): return 3"
TESTS = "assert add(1, 2) == 3\nassert add(2, 2) == 4"
STEPS = 30
"""Training steps: a choice. The check needs five steps after the reward has settled."""


def trained() -> bool:
    """Train with GRPO; return whether the network learned to write the right program."""
    trl, transformers = import_module("trl"), import_module("transformers")
    datasets, torch = import_module("datasets"), import_module("torch")
    torch.manual_seed(0)
    rows = [{"prompt": "Write", "tests": TESTS}] * 64
    with TemporaryDirectory() as folder:
        trainer = trl.GRPOTrainer(
            model=_network(transformers),
            reward_funcs=[tests_passed()],
            args=_arguments(trl, folder),
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=_words(transformers),
        )
        trainer.train()
    rewards = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    metrics = {
        name.rpartition("/")[2]
        for entry in trainer.state.log_history
        for name in entry
        if "tests_passed/" in name
    }
    print(
        f"TRL {trl.__version__}: reward {_mean(rewards[:5]):.2f} in the first five steps,", end=""
    )
    print(f" {_mean(rewards[-5:]):.2f} in the last five of {STEPS}; logged: {sorted(metrics)}")
    return _mean(rewards[-5:]) > max(0.95, _mean(rewards[:5]))


def _arguments(trl: Any, folder: str) -> Any:
    return trl.GRPOConfig(
        output_dir=folder,
        max_steps=STEPS,
        per_device_train_batch_size=8,
        num_generations=8,
        max_completion_length=1,
        learning_rate=0.05,
        beta=0.0,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
    )


def _words(transformers: Any) -> Any:
    """Return a tokenizer whose words are whole programs."""
    tokenizers = import_module("tokenizers")
    words = ["<pad>", "<eos>", "Write", RIGHT, WRONG]
    model = tokenizers.models.WordLevel({word: n for n, word in enumerate(words)}, "<pad>")
    backend = tokenizers.Tokenizer(model)
    backend.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>", padding_side="left"
    )


def _network(transformers: Any) -> Any:
    config = transformers.Qwen2Config(
        vocab_size=5,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    return transformers.Qwen2ForCausalLM(config)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


async def in_turns() -> bool:
    """Play one episode of the multi-turn environment that TRL uses."""
    environment = repair_environment(max_turns=4)()
    environment.reset(tests=TESTS)
    reviews = [await environment.submit(program) for program in (WRONG, RIGHT)]
    total = await environment.get_reward()
    print(f"multi-turn: rewards {[turn.reward for turn in environment.turns]}, sum {total}")
    return total == 1.0 and "add(2, 2)" in reviews[0]


def scored() -> bool:
    """Score a right and a wrong answer in a task of verifiers; return whether the scores differ."""
    vf: Any = import_module("verifiers.v1")
    traces: Any = import_module("verifiers.v1.trace")
    proved = tests_passed()

    class Row(vf.TaskData):  # type: ignore[misc]
        tests: str

    class Add(vf.Task[Row]):  # type: ignore[misc]
        @vf.reward(weight=1.0)  # type: ignore[untyped-decorator]
        async def passed(self, trace: Any) -> float:
            return cast("float", await proved(trace=trace))

    async def reward(answer: str) -> float:
        task = Add(Row(prompt="Write add(a, b).", tests=TESTS))
        about = traces.TraceTask(type="Add", data=task.data)
        agent = traces.AgentInfo(config=vf.AgentConfig())
        trace = traces.Trace(task=about, agent=agent, root_reply=answer)
        await task.score(trace)
        return float(trace.reward)

    rewards = [asyncio.run(reward(f"Here:\n```python\n{code}\n```")) for code in (RIGHT, WRONG)]
    print(f"verifiers {version('verifiers')}: rewards {rewards} for a right and a wrong answer")
    return rewards == [1.0, 0.0]


def main() -> int:
    """Train with every installed library; return the number of failures."""
    parts = [asyncio.run(in_turns())]
    for name, part in (("trl", trained), ("verifiers", scored)):
        if importlib.util.find_spec(name) is None:
            print(f"skipped: {name} is not installed")
            continue
        parts.append(part())
    return parts.count(False)


if __name__ == "__main__":
    sys.exit(main())
