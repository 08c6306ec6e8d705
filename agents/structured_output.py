"""Ask a model for an answer of a given form, and read it however the model writes it."""

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
    """What an answer has to say; fields that it says beside are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    example: ClassVar[str]
    """The form as an example, shown where an answer could not be read."""

    @classmethod
    def from_prose(cls, text: str) -> Self | None:
        """Read an answer that is no JSON at all; None where it does not say it."""
        return None


Form = TypeVar("Form", bound=Reply)
Fit = Callable[[Form], str | None]
"""Says what is wrong with an answer that has the form, None where it fits."""


class Read(NamedTuple, Generic[Form]):
    """An answer as read, or what was wrong with it."""

    reply: Form | None
    fault: str = ""


class StructuredModel:
    """Ask for answers of a form, by the server's JSON schema where it takes one.

    An answer is read as JSON, from a fenced block, after mending, or from prose, in this order;
    one that cannot be read is asked for once more, with what was wrong. A server that refuses the
    schema is asked without from then on. Every call is charged by `spend` before it is read, and
    every answer that could not be read counts as unparsable.
    """

    def __init__(self, model: BaseChatModel, *, sampling: Sampling) -> None:
        self.model = model
        self.sampling = sampling
        self._takes_schema = True

    async def ask(
        self,
        messages: Sequence[BaseMessage],
        form: type[Form],
        *,
        n: int = 1,
        fits: Fit[Form] = lambda _: None,
    ) -> list[Form | None]:
        """Return up to n answers, None for each that was not readable twice.

        Costs n samples and one call for each that has to be asked for again. Raises `ModelError`
        or `DeadlineExceeded` only where no first answer came.
        """
        drafts = await self._generate(messages, form, n=n)
        settling = (self._settled(choice, messages, form, fits) for choice in drafts.choices)
        return await asyncio.gather(*settling)

    async def _settled(
        self, choice: Choice, messages: Sequence[BaseMessage], form: type[Form], fits: Fit[Form]
    ) -> Form | None:
        first = read_reply(choice.text, form, fits)
        if first.reply is not None:
            return first.reply
        charge(Usage(unparsable=1))
        asking = f"{first.fault} Answer with nothing but JSON of this form: {form.example}"
        again = [*messages, AIMessage(choice.text), HumanMessage(asking)]
        try:
            drafts = await self._generate(again, form, n=1)
        except (ModelError, DeadlineExceeded):
            return None
        second = read_reply(drafts.choices[0].text, form, fits)
        charge(Usage(unparsable=int(second.reply is None)))
        return second.reply

    async def _generate(
        self, messages: Sequence[BaseMessage], form: type[Reply], *, n: int
    ) -> Generations:
        plain = self.sampling
        native = plain.model_copy(update={"json_schema": json_schema(form)})
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


def read_reply(text: str, form: type[Form], fits: Fit[Form] = lambda _: None) -> Read[Form]:
    """Read an answer of a form from what a model wrote, or say what is wrong with it."""
    fault, meant = "That answer holds no JSON object.", False
    for found in json_objects(text):
        meant = meant or not form.model_fields.keys().isdisjoint(found)
        try:
            reply = form.model_validate(found)
        except ValidationError as error:
            fault = _first_fault(error)
            continue
        if (complaint := fits(reply)) is None:
            return Read(reply)
        fault = complaint
    prose = None if meant else form.from_prose(text)
    if prose is not None and fits(prose) is None:
        return Read(prose)
    return Read(None, fault)


def json_schema(form: type[Reply]) -> str:
    """Return a form's JSON schema as strict servers want it: every field required, no others."""
    return json.dumps(_strict(form.model_json_schema()))


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(each) for each in node]  # pyright: ignore[reportUnknownVariableType]
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
    place = ".".join(map(str, first["loc"])) or "the answer"
    return f"In that answer {place} is wrong: {first['msg']}."
