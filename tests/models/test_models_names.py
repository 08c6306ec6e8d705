"""Names are resolved to chat models, or refused with a reason."""

from dataclasses import dataclass

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from refinegraph.agents.models import (
    DirectChatModel,
    LiteLLMChatModel,
    ScriptedChatModel,
    model_name,
    resolve_model,
)
from refinegraph.errors import InputError, SettingError

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*KEYS, "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)


@dataclass(frozen=True)
class Case:
    name: str
    says: str


REFUSED = [
    Case("opnai/gpt-4o", "unknown provider 'opnai'; did you mean 'openai/gpt-4o'?"),
    Case("qqqqqqqq/x", "unknown provider 'qqqqqqqq'"),
    Case("gpt-99-turbo-ultra", "expected PROVIDER/MODEL, for example 'openai/gpt-99-turbo-ultra'"),
    Case("", "expected PROVIDER/MODEL"),
    Case("openai/", "no name after its provider"),
    Case("/x", "unknown provider ''"),
    Case("openai/gpt-4o", "set OPENAI_API_KEY"),
    Case("gpt-4o", "set OPENAI_API_KEY"),
    Case("anthropic/claude-sonnet-4-5", "set ANTHROPIC_API_KEY"),
    Case("gemini/gemini-2.0-flash", "set GOOGLE_API_KEY or GEMINI_API_KEY"),
    Case("embedded/other", "the built-in model is"),
    Case("local/", "names no file"),
    Case("local/no-such.gguf", "there is no file"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_name_that_can_not_work_is_refused(case: Case) -> None:
    with pytest.raises(SettingError) as raised:
        resolve_model(case.name)
    assert case.says in str(raised.value)
    assert repr(case.name) in str(raised.value)


@pytest.mark.parametrize(
    "name", ["ollama_chat/qwen3:8b", "hosted_vllm/Qwen/Qwen3-8B", "lm_studio/some-model"]
)
def test_a_local_server_needs_no_key(name: str) -> None:
    assert model_name(resolve_model(name)) == name


def test_an_address_makes_a_key_needless() -> None:
    model = resolve_model("openai/my-model", api_base="http://127.0.0.1:8000/v1", timeout=7)
    assert isinstance(model, DirectChatModel)
    assert model.timeout == 7


def test_an_address_of_the_environment_makes_a_key_needless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert model_name(resolve_model("openai/my-model")) == "openai/my-model"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingError, match="is not a URL"):
        resolve_model("openai/my-model", api_base="localhost:8000")


def test_a_key_of_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some-key-or-other")
    assert isinstance(resolve_model("gpt-4o"), LiteLLMChatModel)


def test_a_chat_model_stands_for_itself() -> None:
    for model in (ScriptedChatModel("x"), FakeListChatModel(responses=["x"])):
        assert resolve_model(model) is model


def test_model_name_knows_foreign_models() -> None:
    assert model_name(ScriptedChatModel("x", name="mine")) == "mine"
    assert model_name(FakeListChatModel(responses=["x"])) == "FakeListChatModel"


def test_a_setting_error_is_bad_input() -> None:
    assert issubclass(SettingError, InputError)
