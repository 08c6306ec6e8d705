"""A planted key never appears in any output."""

import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from misbehaving_server import CLIENTS, QUICK, MisbehavingServer, answer, error

from refinegraph.agents.models import ModelEvent, generate, resolve_model, run_scope
from refinegraph.agents.models.resolve import Client
from refinegraph.errors import ModelError
from refinegraph.support.redaction import redact

SECRET = "planted-4f9d1c-secret"
PROMPT = [HumanMessage("Hi.")]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_a_key_stays_out_of_errors_events_and_reprs(
    status: int, client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[ModelEvent] = []
    with MisbehavingServer(error(status, f"Wrong key {SECRET} (Bearer {SECRET})")) as server:
        model = resolve_model(
            "openai/m", api_base=server.api_base, api_key=SECRET, retry=QUICK, client=client
        )
        with run_scope(on_event=events.append), pytest.raises(ModelError) as raised:
            await generate(model, PROMPT)
        assert server.authorizations[0] == f"Bearer {SECRET}"
    shown = [repr(raised.value), *traceback.format_exception(raised.value)]
    shown += [repr(model), str(model), repr(model.model_dump()), *map(repr, events)]
    shown += [repr(model.asdict()), caplog.text, *capfd.readouterr()]
    assert SECRET not in "".join(shown)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_key_from_the_environment_is_not_in_error_messages(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with MisbehavingServer(error(400, f"Wrong key {SECRET}")) as server:
        model = resolve_model("openai/m", api_base=server.api_base, retry=QUICK, client=client)
        with pytest.raises(ModelError) as raised:
            await generate(model, PROMPT)
        assert server.authorizations[0] == f"Bearer {SECRET}"
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("client", CLIENTS)
async def test_credentials_of_an_address_stay_out(client: Client) -> None:
    base = f"http://user:{SECRET}@127.0.0.1:9/v1"
    model = resolve_model("openai/m", api_base=base, retry=QUICK, client=client)
    with pytest.raises(ModelError) as raised:
        await generate(model, PROMPT)
    assert SECRET not in str(raised.value) + repr(model)


async def test_a_server_without_a_key_gets_a_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with MisbehavingServer(answer("ok")) as server:
        await generate(resolve_model("openai/m", api_base=server.api_base), PROMPT)
    assert server.authorizations == ["Bearer no-key"]


@given(st.text(alphabet="abcXYZ019-_.", min_size=8), st.text(), st.text())
@settings(max_examples=50, deadline=None)
def test_redact_removes_a_named_secret_wherever_it_stands(
    secret: str, before: str, after: str
) -> None:
    assert secret not in redact(before + secret + after, secret)
