"""Request structured answers from a model and parse them leniently."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from refinegraph.agents.models import Choice, Generations, Sampling, generate
from refinegraph.charging import charge
from refinegraph.errors import ContextTooLong, DeadlineExceeded, ModelError, ModelRequestRefused
from refinegraph.schema import Usage
from refinegraph.tools.loose_json import json_objects


class Reply(BaseModel):
    """Base class for structured answers; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    example: ClassVar[str]
    """An example of the JSON reply_type, shown to a model whose answer could not be parsed."""

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Parse an answer that contains no JSON; return None if that is impossible."""
        return None


ReplyType = TypeVar("ReplyType", bound=Reply)
ReplyCheck = Callable[[ReplyType], str | None]
"""Validates a parsed answer: returns what is wrong with it, or None."""


class ParsedReply(NamedTuple, Generic[ReplyType]):
    """A parsed answer, or the reason why it could not be parsed."""

    reply: ReplyType | None
    fault: str = ""


class StructuredModel:
    """Request structured answers, with the server's JSON-schema mode if it has one.

    An answer is parsed as JSON, from a fenced block, after repairs, or from prose, in this order.
    An answer that cannot be parsed is requested once more, with the reason. If a server refuses
    the schema, later requests omit it. Every call is charged by `charging.charge` before its
    answer is parsed, and every answer that cannot be parsed counts as unparsable.
    """

    def __init__(self, model: BaseChatModel, *, sampling: Sampling) -> None:
        self.model = model
        self.sampling = sampling
        self._takes_schema = True

    async def ask(
        self,
        messages: Sequence[BaseMessage],
        reply_type: type[ReplyType],
        *,
        n: int = 1,
        check: ReplyCheck[ReplyType] = lambda _: None,
    ) -> list[ReplyType | None]:
        """Return up to n answers, with None for each that could not be parsed in two attempts.

        Costs n samples, and one call for each answer that is requested again. Raises `ModelError`
        or `DeadlineExceeded` only if the first request fails.
        """
        drafts = await self._generate(messages, reply_type, n=n)
        settled = (self._settled(choice, messages, reply_type, check) for choice in drafts.choices)
        return await asyncio.gather(*settled)

    async def _settled(
        self,
        choice: Choice,
        messages: Sequence[BaseMessage],
        reply_type: type[ReplyType],
        check: ReplyCheck[ReplyType],
    ) -> ReplyType | None:
        first = parse_reply(choice.text, reply_type, check)
        if first.reply is not None:
            return first.reply
        charge(Usage(unparsable=1))
        correction = (
            f"{first.fault} Answer with nothing but JSON of this form: {reply_type.example}"
        )
        again = [*messages, AIMessage(choice.text), HumanMessage(correction)]
        try:
            drafts = await self._generate(again, reply_type, n=1)
        except (ModelError, DeadlineExceeded):
            return None
        second = parse_reply(drafts.choices[0].text, reply_type, check)
        charge(Usage(unparsable=int(second.reply is None)))
        return second.reply

    async def _generate(
        self, messages: Sequence[BaseMessage], reply_type: type[Reply], *, n: int
    ) -> Generations:
        plain = self.sampling
        native = plain.model_copy(update={"json_schema": json_schema(reply_type)})
        try:
            drafts = await generate(
                self.model, messages, n=n, sampling=native if self._takes_schema else plain
            )
        except ContextTooLong:
            raise
        except ModelRequestRefused:
            if not self._takes_schema:
                raise
            drafts = await generate(self.model, messages, n=n, sampling=plain)
            self._takes_schema = False
        return drafts


def parse_reply(
    text: str, reply_type: type[ReplyType], check: ReplyCheck[ReplyType] = lambda _: None
) -> ParsedReply[ReplyType]:
    """Parse an answer of a form from a model's text, or say why that is impossible."""
    fault, attempted_json = "That answer holds no JSON object.", False
    for value in json_objects(text):
        attempted_json = attempted_json or not reply_type.model_fields.keys().isdisjoint(value)
        try:
            reply = reply_type.model_validate(value)
        except ValidationError as error:
            fault = _first_fault(error)
            continue
        if (complaint := check(reply)) is None:
            return ParsedReply(reply)
        fault = complaint
    prose = None if attempted_json else reply_type.from_prose(text)
    if prose is not None and check(prose) is None:
        return ParsedReply(prose)
    return ParsedReply(None, fault)


def json_schema(reply_type: type[Reply]) -> str:
    """Return a form's JSON schema for strict servers: all fields required, no others allowed."""
    return json.dumps(_strict(reply_type.model_json_schema()))


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(node, dict):
        return node
    kept: dict[str, Any] = {
        name: _strict(value)
        for name, value in node.items()  # pyright: ignore[reportUnknownVariableType]
        if name not in ("title", "default", "description")
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the answer"
    return f"In that answer {field} is wrong: {first['msg']}."
