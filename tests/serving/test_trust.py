"""Restrictions on clients: no choice of servers or files, required keys, and budgets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_tools import ASK, RIGHT, TESTS, Served
from starlette.testclient import TestClient

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli import main
from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.runs import RunStore
from refinegraph.serving import Client, ClientBook, ServerSettings, create_app
from refinegraph.serving.client_options import client_names

KEY = "a-key-that-is-long-enough"
OTHER = "another-key-that-is-long"


def scripted(**settings: Any) -> TestClient:
    model = ScriptedChatModel(RIGHT, cycle=True, name="mine")
    app = create_app(ServerSettings(RunOptions(model=model), **settings))
    return TestClient(app, base_url="http://localhost")


def ask(client: TestClient, *, key: str | None = None, **fields: Any) -> Any:
    asked = {"model": "best-of-n:2/mine", "messages": ASK, "refinegraph": {"tests": TESTS}}
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return client.post("/v1/chat/completions", json={**asked, **fields}, headers=headers)


WITHHELD = {
    "api_base": "http://evil.example",
    "model": "openai/gpt-5",
    "reviewer_model": "openai/gpt-5",
    "fallback": ["openai/gpt-5"],
    "cache": "/etc/passwd",
    "replay": "/etc/passwd",
    "calibration": "/etc/passwd",
    "prices": [1, 2],
    "client": "litellm",
    "requests_per_minute": 1,
    "learn": "keep",
    "ask": ["refine"],
    "home": "/tmp",
    "scorer": "judge:openai/gpt-5",
}


@pytest.mark.parametrize("name", WITHHELD)
def test_a_client_cannot_choose_where_keys_prompts_and_files_go(name: str) -> None:
    refused = ask(scripted(), refinegraph={"tests": TESTS, name: WITHHELD[name]})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith(f"refinegraph.{name}")


def test_every_option_that_a_client_may_choose_is_safe() -> None:
    declared = RunOptions.declared
    chosen = [name for name in client_names() if name in declared and name != "kind"]
    assert len(chosen) > 15
    assert all(declared[name].safe for name in chosen)
    assert all(declared[name].group in ("strategy", "limits", "parts") for name in chosen)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sampels": 3}, "refinegraph.sampels is unknown (did you mean 'samples'?)"),
        ({"samples": "many"}, "refinegraph.samples='many' "),
        ({"samples": 65}, "refinegraph.samples=65 is too many"),
        ({"tests": 3}, "refinegraph.tests is 3; expected a text"),
        ({"tests": "none of it is a test"}, "The tests do not parse"),
        ({"kind": "repository"}, "refinegraph.kind is 'repository'"),
        ({"stop": "round(3)"}, "refinegraph.stop='round(3)' "),
    ],
)
def test_bad_options_are_one_sentence(given: dict[str, Any], said: str) -> None:
    refused = ask(scripted(), refinegraph=given)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith(said)
    assert refused.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{bad", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"model": "x", "messages": [], "seed": NaN}', "invalid_json"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "invalid_field"),
        (b'{"model": "mine", "messages": []}', "invalid_field"),
        (b'{"model": "mine", "messages": [{"role": 3}]}', "invalid_field"),
        (b'{"model": "no", "messages": [{"role": "user", "content": "x"}]}', "model_not_found"),
    ],
)
def test_bad_bodies_are_one_sentence(body: bytes, code: str) -> None:
    kind = {"content-type": "application/json; charset=utf-8"}
    refused = scripted().post("/v1/chat/completions", content=body, headers=kind)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (404 if "model" in code else 400, code)
    assert error["message"].endswith(".")


def test_only_json_is_taken_so_that_browsers_have_to_ask_first() -> None:
    refused = scripted().post("/v1/chat/completions", content=b"{}")
    assert refused.status_code == 415


def test_a_body_that_is_too_large_is_refused() -> None:
    kind = {"content-type": "application/json"}
    body = b" " * (33 * 2**20)
    assert scripted().post("/v1/chat/completions", content=body, headers=kind).status_code == 413


def test_a_server_without_keys_answers_only_to_the_names_of_the_loopback() -> None:
    client = scripted()
    assert client.get("/v1/models", headers={"host": "evil.example:80"}).status_code == 403
    for name in ("localhost", "127.0.0.1:8400", "[::1]:8400", "LOCALHOST:1"):
        assert client.get("/v1/models", headers={"host": name}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1/embeddings", "/v1/completions", "/runs/x"])
def test_missing_resources_give_errors_of_the_same_form(path: str) -> None:
    refused = scripted().get(path)
    assert refused.status_code == 404
    assert set(refused.json()["error"]) == {"message", "type", "code"}


def test_a_key_is_asked_for_where_there_are_keys() -> None:
    client = scripted(clients=ClientBook({"ann": Client(key=KEY)}))
    for key, said in ((None, "is missing"), ("wrong", "is not known")):
        refused = ask(client, key=key)
        assert refused.status_code == 401
        assert said in refused.json()["error"]["message"]
        assert KEY not in refused.text
    assert client.get("/v1/models").status_code == 401
    assert client.get("/health").status_code == 200
    assert ask(client, key=KEY).status_code == 200


def test_a_client_spends_its_budget_and_no_more() -> None:
    clients = {"ann": Client(key=KEY, budget_calls=3), "bob": Client(key=OTHER)}
    client = scripted(clients=ClientBook(clients))
    single = {"model": "single/mine"}
    for _ in range(3):
        assert ask(client, key=KEY, **single).status_code == 200
    refused = ask(client, key=KEY, **single)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "budget_exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    assert ask(client, key=OTHER, **single).status_code == 200


def test_a_budget_that_leaves_no_room_for_a_call_is_no_fault_of_the_model() -> None:
    client = scripted(clients=ClientBook({"ann": Client(key=KEY, budget_tokens=20)}))
    refused = ask(client, key=KEY, model="single/mine")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "budget_exceeded"
    assert "of 20 tokens" in refused.json()["error"]["message"]


def test_forwarded_requests_are_charged(served: Callable[..., Served]) -> None:
    book = ClientBook({"ann": Client(key=KEY, budget_calls=2)})
    ledger = book.ledger_of("ann")
    assert ledger
    server = served("hello", clients=book)
    body = {"model": "openai/m", "messages": ASK}
    statuses = [
        httpx.post(
            f"{server.base}/chat/completions",
            json={**body, "stream": stream},
            headers={"authorization": f"Bearer {KEY}"},
        ).status_code
        for stream in (False, True, False)
    ]
    assert statuses == [200, 200, 429]
    assert ledger.spent.prompt_tokens == server.upstream.prompt_tokens
    assert ledger.spent.completion_tokens == server.upstream.completion_tokens


def test_a_clients_own_budget_holds_within_its_days_budget() -> None:
    client = scripted(clients=ClientBook({"ann": Client(key=KEY, budget_calls=9)}))
    fields: dict[str, Any] = {
        "model": "best-of-n/mine",
        "refinegraph": {"tests": TESTS, "budget_calls": 1},
    }
    assert ask(client, key=KEY, **fields).json()["refinegraph"]["usage"]["llm_calls"] == 1


def test_a_client_cannot_raise_the_operators_budget() -> None:
    model = ScriptedChatModel(RIGHT, cycle=True, name="mine")
    own = RunOptions(model=model, budget_calls=1)
    client = TestClient(create_app(ServerSettings(own)), base_url="http://localhost")
    fields: dict[str, Any] = {"refinegraph": {"tests": "assert add(1, 2) == 4", "budget_calls": 50}}
    done = ask(client, model="sample-until/mine", **fields)
    assert done.json()["refinegraph"]["usage"]["llm_calls"] == 1


def test_a_restart_keeps_the_spending_of_clients(tmp_path: Path) -> None:
    clients = {"ann": Client(key=KEY, budget_calls=1)}
    spent = tmp_path / "served" / "spent.json"
    assert ask(scripted(clients=ClientBook(clients, spent)), key=KEY).status_code == 200
    again = scripted(clients=ClientBook(clients, spent))
    assert ask(again, key=KEY).status_code == 429
    spent.write_text("damaged")
    assert ask(scripted(clients=ClientBook(clients, spent)), key=KEY).status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no client"),
        ("[ann]\nkey = 'short'", "ann.key"),
        ("[ann]\nkey = 'long-enough-for-a-key'\nbudget = 3", "ann.budget"),
        ("[a]\nkey = 'long-enough-for-a-key'\n[b]\nkey = 'long-enough-for-a-key'", "the same key"),
        ("[ann", "cannot be read"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        ClientBook.read(path)


def test_another_address_needs_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0", "--model", "openai/m"]) == 2
    assert "no key is set" in capsys.readouterr().err


def test_a_menu_with_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(
        InputError, match="listed_strategies: unknown strategy 'adaptiv'; did you mean"
    ):
        scripted(listed_strategies=("adaptiv",))


def test_a_port_that_is_taken_is_named(
    served: Callable[..., Served], capsys: pytest.CaptureFixture[str]
) -> None:
    port = served("").address.rpartition(":")[2]
    assert main(["serve", "--port", port, "--model", "openai/m"]) == 2
    assert f"port {port}: Address already in use" in capsys.readouterr().err


def test_a_page_opens_with_its_link_alone(tmp_path: Path) -> None:
    settings = {"runs": RunStore(tmp_path / "served"), "public_url": "http://localhost"}
    client = scripted(**settings)
    page = ask(client).json()["refinegraph"]["page"]
    assert client.get(page).status_code == 200
    assert "Write add(a, b)." in client.get(page).text
    assert client.get(page.partition("?")[0]).status_code == 404
    assert client.get(page[:-1] + ("0" if page[-1] != "0" else "1")).status_code == 404
    assert scripted(**settings).get(page).status_code == 200
    assert (tmp_path / "served" / "secret").stat().st_mode & 0o77 == 0
