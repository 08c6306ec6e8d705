"""Every option of a run can be set by a file, a variable and an argument, to the same effect."""

import json
from pathlib import Path
from typing import Any

import pytest

from refinegraph.errors import InputError
from refinegraph.options import RunOptions, variable_of
from refinegraph.options.config import find_settings, read_file
from refinegraph.options.names import settings
from refinegraph.options.trust import trust

SAMPLES: dict[str, Any] = {
    "strategy": "best-of-n",
    "samples": 4,
    "batch_size": 2,
    "rounds": 3,
    "temperature": 0.5,
    "max_tokens": 512,
    "seed": 7,
    "min_gain_per_1k_tokens": 0.02,
    "calibration": "calibration.json",
    "cost": "seconds",
    "learn": "off",
    "trace": True,
    "repair": "edit",
    "edits": 3,
    "review": "joint",
    "evidence": ["verdict", "slice"],
    "ask": ["refine"],
    "model": "openai/m",
    "solver_model": "openai/m",
    "reviewer_model": "openai/m",
    "refiner_model": "openai/m",
    "tester_model": "openai/m",
    "fallback": ["openai/m", "openai/n"],
    "api_base": "http://127.0.0.1:9/v1",
    "client": "direct",
    "hedge": 5.0,
    "requests_per_minute": 60.0,
    "tokens_per_minute": 9000.0,
    "prices": [1.0, 2.0],
    "call_timeout": 30.0,
    "budget_usd": 0.5,
    "budget_tokens": 20_000,
    "budget_calls": 9,
    "ledger": "ledger.sqlite",
    "timeout": 60.0,
    "scorer": ["judge", "execution"],
    "router": "agreement",
    "stop": "rounds(2) | accepted()",
    "select": "majority-vote",
    "policy": "refine-loop",
    "prompts": "compact",
    "memory": "notes.sqlite",
    "cache": "calls.sqlite",
    "replay": "calls.sqlite",
}
"""A value of every option, as TOML and JSON write it."""
PROBLEMS_OWN = {"kind"}
"""What a file cannot set for all problems; a table such as `[batch]` sets it for one command."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calibration.json").write_text("{}")
    return tmp_path


def test_every_option_has_a_sample() -> None:
    assert SAMPLES.keys() | PROBLEMS_OWN == RunOptions.declared.keys()
    assert not PROBLEMS_OWN & settings().keys()


@pytest.mark.parametrize("name", list(SAMPLES))
def test_an_option_can_be_set_everywhere(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = SAMPLES[name]
    file = folder / "refinegraph.toml"
    file.write_text(f"{name} = {json.dumps(value)}\n")
    trust(folder / "home", file, file.read_bytes())
    from_file = find_settings([name])[name]
    assert from_file.source == str(file)
    file.unlink()

    text = ",".join(map(str, value)) if isinstance(value, list) else str(value).lower()
    monkeypatch.setenv(variable_of(name), str(value) if isinstance(value, str) else text)
    from_variable = find_settings([name])[name]
    assert from_variable.source == variable_of(name)

    options: dict[str, Any] = {name: value}
    given = getattr(RunOptions(**options), name)
    assert from_file.value == from_variable.value == given
    assert given != getattr(RunOptions(), name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget_tokens = -1", "budget_tokens = -1 is not a whole number of at least 1."),
        ('samples = "4"', "samples = '4' is not a whole number."),
        ('strategi = "single"', "unknown setting 'strategi' (did you mean 'strategy'?)"),
    ],
)
def test_a_wrong_line_of_a_file_is_named(text: str, said: str, folder: Path) -> None:
    file = folder / "refinegraph.toml"
    file.write_text(text + "\n")
    with pytest.raises(InputError) as refused:
        read_file(file)
        find_settings(list(settings()))
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
