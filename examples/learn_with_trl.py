"""Train a model on the runs of an evaluation with TRL: first supervised, then by preferences.

    refinegraph eval --dataset tasks.jsonl --strategy best-of-n --out runs/one
    refinegraph export runs/one --format sft --output sft.jsonl
    refinegraph export runs/one --format dpo --output dpo.jsonl
    python examples/learn_with_trl.py sft.jsonl dpo.jsonl

The exports have the columns that TRL documents: `prompt` and `completion` for `SFTTrainer`;
`prompt`, `chosen` and `rejected` for `DPOTrainer`. The model in this example is tiny, built from a
configuration and trained on the CPU in seconds; replace it with your own. Needs `pip install trl`.
"""

import argparse
import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

END, PADDING = "<|end|>", "<|padding|>"


def read(path: Path) -> Dataset:
    """Read an export, without the column that names the source of every line."""
    rows = load_dataset("json", data_files=str(path), split="train")
    return rows.remove_columns("source")


def make_tokenizer(rows: Dataset) -> PreTrainedTokenizerFast:
    """Train a small byte-level tokenizer on the prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[END, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(rows["prompt"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PADDING)


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Build a tiny Llama with random weights."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=1024,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def learn(sft: Path, dpo: Path, out: Path, *, steps: int) -> dict[str, float]:
    """Train on the right answers, then on the preferences; return the last loss of both."""
    examples, preferences = read(sft), read(dpo)
    tokenizer = make_tokenizer(examples)
    common = {
        "max_steps": steps,
        "per_device_train_batch_size": 4,
        "logging_steps": 1,
        "report_to": "none",
        "save_strategy": "no",
        "use_cpu": True,
        "bf16": False,
        "disable_tqdm": True,
    }
    imitate = SFTTrainer(
        model=make_model(tokenizer),
        args=SFTConfig(output_dir=str(out / "sft"), learning_rate=1e-3, max_length=512, **common),
        train_dataset=examples,
        processing_class=tokenizer,
    )
    imitate.train()
    prefer = DPOTrainer(
        model=imitate.model,
        ref_model=copy.deepcopy(imitate.model),
        args=DPOConfig(output_dir=str(out / "dpo"), learning_rate=1e-4, max_length=512, **common),
        train_dataset=preferences,
        processing_class=tokenizer,
    )
    prefer.train()
    prefer.save_model(str(out / "model"))
    return {"sft": last_loss(imitate), "dpo": last_loss(prefer)}


def last_loss(trainer: SFTTrainer | DPOTrainer) -> float:
    """Return the last logged loss."""
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry][-1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read two exports, train on both, and print the losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sft", type=Path)
    parser.add_argument("dpo", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=Path, default=None, help="where the model goes")
    options = parser.parse_args(arguments)
    out = options.out or Path(tempfile.mkdtemp())
    for name, loss in learn(options.sft, options.dpo, out, steps=options.steps).items():
        print(f"{name}: last loss {loss:.3f}")
    print(f"the model is in {out / 'model'}")


if __name__ == "__main__":
    main()
