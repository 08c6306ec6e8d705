"""Likelihoods of texts: in this process, on a server, and as scores."""

import json
import math
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.likelihood import (
    LocalLikelihood,
    ServerLikelihood,
    likelihood_of,
    mean_logprob,
    text_likelihood,
    total_logprob,
    written_likelihood,
)
from refinegraph.agents.models import (
    Choice,
    Sampling,
    ScriptedChatModel,
    TokenLogprob,
    charging,
    generate,
    resolve_model,
)
from refinegraph.errors import InputError, ModelRequestRefused
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Candidate, Problem

ADD = [HumanMessage("Write f(x) for a number. Add 2 to it.\nProgram:")]
Body = dict[str, Any]


class Server:
    """Serves a model in which every word is a token and `zebra` is unlikely."""

    def __init__(self, *, gives_logprobs: bool = True) -> None:
        self.gives_logprobs = gives_logprobs
        self.asked: list[Body] = []
        self.url = ""

    def answer(self, path: str, body: Body) -> Body:
        self.asked.append(body)
        if path == "/tokenize":
            return {"count": len(self.words(body["messages"])) + 1, "tokens": []}
        words = [*self.words(body["messages"][:-1]), "<assistant>"]
        words += body["messages"][-1]["content"].split()
        told = [None, *({str(n): self.token(word)} for n, word in enumerate(words[1:], 1))]
        about = {"prompt_logprobs": told} if self.gives_logprobs else {}
        return {"choices": [], "usage": {"prompt_tokens": len(words), "total_tokens": 9}, **about}

    def words(self, messages: Sequence[Body]) -> list[str]:
        return [word for message in messages for word in message["content"].split()]

    def token(self, word: str) -> Body:
        chance = 0.125 if word == "zebra" else 0.5
        return {"logprob": math.log(chance), "rank": 1, "decoded_token": word}


@contextmanager
def serving(server: Server) -> Generator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(server.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    place = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=place.serve_forever, args=(0.01,))
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{place.server_port}"
        yield server
    finally:
        place.shutdown()
        thread.join()
        place.server_close()


async def test_a_server_returns_log_probabilities_of_the_text_without_the_prompt() -> None:
    with serving(Server()) as server, charging() as spent:
        tokens = await ServerLikelihood(f"{server.url}/v1", "m")(
            [HumanMessage("Which animal is it?")], "a striped zebra"
        )
    assert [token.token for token in tokens] == ["a", "striped", "zebra"]
    assert total_logprob(tokens) == pytest.approx(math.log(0.5 * 0.5 * 0.125))
    request = server.asked[1]
    assert request["continue_final_message"] is True
    assert request["add_generation_prompt"] is False
    assert (spent.usage.llm_calls, spent.usage.prompt_tokens) == (1, 8)


async def test_a_server_without_log_probabilities_is_refused_in_one_sentence() -> None:
    refused = pytest.raises(
        ModelRequestRefused, match="returned no log-probabilities for the prompt"
    )
    with serving(Server(gives_logprobs=False)) as server, refused:
        await ServerLikelihood(server.url, "m")(ADD, "a text")


async def test_the_likelihood_follows_from_the_model() -> None:
    model = resolve_model("hosted_vllm/m", api_base="http://127.0.0.1:9/v1")
    assert repr(likelihood_of(model)) == "ServerLikelihood('http://127.0.0.1:9', 'm')"
    assert isinstance(likelihood_of(resolve_model("embedded")), LocalLikelihood)
    with pytest.raises(InputError, match="cannot measure how likely"):
        likelihood_of(ScriptedChatModel(""))


async def test_the_model_in_this_process_measures_texts_that_it_did_not_write() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model = resolve_model("embedded")
    measure = likelihood_of(model)
    written = await generate(model, ADD, sampling=Sampling(temperature=0.0, logprobs=0))
    own = written.choices[0]
    with charging() as spent:
        tokens = await measure(ADD, own.text)
    assert "".join(token.token for token in tokens) == own.text
    assert spent.usage.llm_calls == 1
    # What it would write by itself is as likely as it said while writing, and nonsense is not.
    assert total_logprob(tokens) == pytest.approx(total_logprob(own.logprobs or ()), abs=0.05)
    other = await measure(ADD, 'zebra "x"\n\t\\ é')
    assert "".join(token.token for token in other) == 'zebra "x"\n\t\\ é'
    assert mean_logprob(other) < mean_logprob(tokens)
    assert await measure(ADD, "") == ()


async def test_a_score_is_the_mean_probability_of_a_token() -> None:
    asked: list[str] = []

    async def measure(messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
        asked.append(text)
        return tuple(TokenLogprob(token=c, logprob=math.log(0.25)) for c in text)

    scorer = text_likelihood(measure)
    pool = [Candidate(id=f"0.{n}", text=text) for n, text in enumerate(("ab", "ab", ""))]
    told = await scorer(Problem(prompt="?"), pool)
    assert [score.value for score in told.scores] == [0.25, 0.25, 1.0]
    assert sorted(asked) == ["", "ab"]


def test_what_a_model_wrote_keeps_its_likelihood() -> None:
    token = TokenLogprob(token="4", logprob=math.log(0.5))
    problem = Problem(prompt="2 + 2?", kind="math")
    known = read_candidate(Choice(text="4", logprobs=(token, token)), problem, id="0.0")
    unknown = read_candidate(Choice(text="4"), problem, id="0.1")
    values = [score.value for score in written_likelihood()(problem, [known, unknown])]
    assert values == [pytest.approx(0.5), None]
