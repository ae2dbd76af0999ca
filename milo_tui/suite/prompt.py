"""The file format of a suite, as pydantic models. The JSON Schema for editors is made from these."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from milo_tui.suite.variants import PUBLIC_POOL, Variant, VariantError, Vary, variant_document
from milo_tui.suite.wording import field_name, place, sentence

Points = Annotated[int, Field(ge=0, le=3)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$")]
"""A tool's name: what Anthropic, OpenAI and mlx_lm.server all accept."""
Arguments = dict[str, Any]
"""Argument name → matcher: a literal for JSON equality, or one of matching.py's `$` operators."""
CallPattern = Annotated[dict[Name, Arguments], Field(min_length=1, max_length=1)]
"""`{tool name: arguments}`: one call."""
Text = Annotated[str, StringConstraints(min_length=1)]
_MOST = 100
"""How many items a list of a prompt may have: scoring and checking compare each with each."""


class _Part(BaseModel):
    # strict: `score: true` is not 1, and `version: "2"` not 2.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class ToolError(_Part):
    """An error as a simulated tool reports it; models see `{"error": {"type": code, "message": …}}`."""

    code: Text
    message: Text


class ToolReply(_Part):
    """One answer of a simulated tool: given when every condition that it states holds."""

    when: Arguments | None = Field(None, description="The arguments it answers to; the rest may be anything.")
    on_call: int | None = Field(None, ge=1, le=1000, description="It answers the n-th call of the tool only.")
    result: Any = None
    error: ToolError | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if ("result" in self.model_fields_set) == (self.error is not None):
            raise ValueError("give either result or error")
        return self


class Tool(_Part):
    """A tool that a prompt offers, with the answers that it is going to give."""

    name: Name
    description: Text
    parameters: dict[str, Any] = Field(description="JSON Schema (2020-12) of the arguments.")
    effect: bool = Field(
        False, description="It changes the world: its successful calls are compared as a whole."
    )
    replies: list[ToolReply] = Field(
        default_factory=list, max_length=1000, description="The first that matches answers."
    )


class Step(_Part):
    """One turn of the model in a scripted conversation: text, one call or several, or a way to break."""

    say: str | None = None
    call: CallPattern | None = None
    calls: list[CallPattern] | None = Field(
        None, min_length=1, max_length=_MOST, description="Several calls in one turn."
    )
    call_text: Annotated[dict[str, str], Field(min_length=1, max_length=1)] | None = Field(
        None, description="A call, after the others, with this very text as its arguments: malformed JSON."
    )
    broken: Literal["call lost", "stream cut"] | None = Field(None, description="What the server lost.")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.call is not None and self.calls is not None:
            raise ValueError("give either call or calls")
        calls = (self.call, self.calls, self.call_text)
        if self.broken is not None and any(item is not None for item in calls):
            raise ValueError("broken stands in the place of a call; take one of them out")
        if self.say is None and self.broken is None and all(item is None for item in calls):
            raise ValueError("give say, call, calls, call_text or broken")
        return self

    @property
    def made(self) -> list[tuple[str, Arguments]]:
        """The well-formed calls of this turn as (tool name, arguments)."""
        patterns = [self.call] if self.call else self.calls or []
        return [next(iter(pattern.items())) for pattern in patterns]


class AnswerCondition(_Part):
    """Facts that the last text must carry, in any phrasing. Items: text, or an operator of matching.py."""

    contains_all: list[Any] = Field(default_factory=list, max_length=_MOST)
    contains_any: list[Any] = Field(default_factory=list, max_length=_MOST)
    contains_none: list[Any] = Field(default_factory=list, max_length=_MOST)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.contains_all or self.contains_any or self.contains_none):
            raise ValueError("give contains_all, contains_any or contains_none")
        return self


class JsonCondition(_Part):
    """What the last text must be as JSON. `form: bare` means JSON alone: no fence and no prose."""

    form: Literal["bare", "any"] = "any"
    json_schema: dict[str, Any] | None = Field(None, alias="schema")
    equals: Any = None

    @property
    def has_value(self) -> bool:
        """Whether `equals` was given (null is a value too)."""
        return "equals" in self.model_fields_set


class AfterErrorCondition(_Part):
    """What must have been done once the tool `tool` had answered with an error."""

    tool: Name
    code: Text | None = Field(
        None, description="Which of its errors is meant; without it any but a refusal by the JSON Schema."
    )
    then: CallPattern | None = Field(None, description="A call that must have followed.")
    at_most: int | None = Field(None, ge=0, description="How many further calls of `tool` may follow.")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.then is None and self.at_most is None:
            raise ValueError("give then or at_most")
        return self


class Check(_Part):
    """A condition of a prompt, worth one point. Where several conditions are given, all must hold."""

    title: Text
    calls: list[CallPattern] | None = Field(
        None, min_length=1, max_length=_MOST, description="Calls that must have been made."
    )
    order: Literal["any", "relative"] = Field(
        "any", description="relative: each in a later turn than the one before, its result being known."
    )
    before: Name | None = Field(
        None, description="The calls must come in turns before the first call of this tool."
    )
    others: Literal["free", "other tools", "none"] = Field(
        "free", description="Which further calls may be made: any, those of other tools, or none."
    )
    effects: list[CallPattern] | None = Field(
        None, max_length=_MOST, description="Exactly these calls of effect tools succeeded, as a multiset."
    )
    no_call: Literal[True] | list[str] | None = Field(
        None, description="No call at all, or none of these tools."
    )
    some_call: Literal["made", "taken", "all taken"] | None = Field(
        None, description="Some call was made; a tool took one's arguments; the tools took all of them."
    )
    answer: AnswerCondition | None = None
    json_answer: JsonCondition | None = Field(None, alias="json")
    after_error: AfterErrorCondition | None = None

    @field_validator("no_call", mode="before")
    @classmethod
    def _all_or_some(cls, value: Any) -> Any:
        is_names = isinstance(value, list) and value and all(isinstance(name, str) for name in value)
        if value is not None and value is not True and not is_names:
            raise ValueError("must be true, or a list of tool names")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        asked = (self.calls, self.effects, self.no_call, self.some_call)
        if all(item is None for item in (*asked, self.answer, self.json_answer, self.after_error)):
            raise ValueError("give one of calls, effects, no_call, some_call, answer, json and after_error")
        if self.calls is None and self.model_fields_set & {"order", "before", "others"}:
            raise ValueError("order, before and others go with calls")
        return self


class FalseClaim(_Part):
    """Something that an answer must not say, unless a call made it true. It leaves at most one point."""

    title: Text
    says: list[Any] = Field(
        min_length=1, max_length=_MOST, description="Items as in `answer`; one of them is enough."
    )
    unless: CallPattern | None = Field(None, description="A call that makes it true where it succeeded.")
    examples: list[str] = Field(
        default_factory=list, max_length=_MOST, description="Sentences that must be found out."
    )


class RightWay(_Part):
    """Another solution, different from the reference, that must earn 3 of 3."""

    title: Text
    steps: list[Step] | None = Field(None, min_length=1, max_length=_MOST)
    answer: Text | None = Field(None, description="In place of steps: the reference with another answer.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.steps is None) == (self.answer is None):
            raise ValueError("give either steps or answer")
        return self


class WrongWay(RightWay):
    """A known-bad conversation and the score that it must get."""

    score: Points


class Prompt(_Part):
    """One task: what is asked, the tools at hand, and what an answer is worth."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]+/[A-Za-z0-9_.-]+$")] = Field(
        description="folder/file name; never used again once published"
    )
    version: int = Field(
        1, ge=1, le=1_000_000, description="Raised when the wording, the tools or the checks change."
    )
    title: Text
    why_hard: str | None = Field(None, description="What a strong model may slip on.")
    system: Text | None = None
    user: Text
    tools: list[Tool] = Field(default_factory=list, max_length=500)
    max_turns: int = Field(8, ge=1, le=32)
    reference: list[Step] = Field(min_length=1, max_length=_MOST)
    checks: list[Check] = Field(min_length=3, max_length=3)
    false_claims: list[FalseClaim] = Field(default_factory=list, max_length=_MOST)
    right: list[RightWay] = Field(default_factory=list, max_length=_MOST)
    wrong: list[WrongWay] = Field(default_factory=list, max_length=_MOST)
    harmless: dict[str, str] = Field(
        default_factory=dict, description="Mutation name → why it rightly costs nothing here."
    )
    vary: Vary | None = Field(
        None, description="How this prompt varies; its values stand as <name> in all other fields."
    )
    family: SkipJsonSchema[dict[str, Any] | None] = Field(
        None, description="The file of a prompt that varies, as it stands; Milo fills it in."
    )
    variant: SkipJsonSchema[Variant] = Field(Variant(), description="Which of its variants this is.")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, data: Any, info: ValidationInfo) -> Any:
        """The document of the variant that the context names, of the first one without a context."""
        family = data.get("family", data) if isinstance(data, dict) else None
        if not isinstance(family, dict) or not family.get("vary"):
            return data
        variant = info.context if isinstance(info.context, Variant) else Variant()
        try:
            vary = Vary.model_validate(family["vary"])
        except ValidationError:
            # The field's own validation says the same, with the place of each mistake.
            return family
        document = variant_document(family, vary, variant)
        return document | {"vary": family["vary"], "family": family, "variant": variant}

    def in_variant(self, number: int, pool_seed: int = PUBLIC_POOL) -> Self:
        """The same task in another variant. Raises VariantError."""
        variant = Variant(number=number, pool_seed=pool_seed)
        if self.family is None:
            if number:
                raise VariantError((), f"{self.id} does not vary; it has variant 0 alone.")
            return self
        if variant == self.variant:
            return self
        try:
            return self.model_validate(self.family, context=variant)
        except ValidationError as error:
            details = error.errors()[0]
            where = place(details)
            words = f"{self.id}, variant {number}: {field_name(where)}: {sentence(type(self), details)}"
            raise VariantError(where, words) from None

    @property
    def category(self) -> str:
        """The folder that the prompt lies in."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """The id, and which variant where it is not the first."""
        return f"{self.id}, variant {self.variant.number}" if self.variant.number else self.id

    def steps_of(self, way: RightWay) -> list[Step]:
        """The conversation of a right or a wrong way."""
        if way.steps is not None:
            return way.steps
        return [*(step for step in self.reference if step.made), Step(say=way.answer)]

    def tool(self, name: str) -> Tool | None:
        """The tool of this name, if the prompt offers it."""
        return next((tool for tool in self.tools if tool.name == name), None)


class Category(_Part):
    """One of a suite's groups: the folder's name and the name that reports print."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-][a-z0-9_.-]{0,99}$")]
    title: Text
    prompts: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]] = Field(
        default_factory=list,
        description="File names in the order of the report; those left out follow by name.",
    )


class SuiteFile(_Part):
    """`suite.yaml`: the suite's name and version, and its categories in the order of the report."""

    name: Text
    version: int = Field(ge=1, le=1_000_000)
    title: Text
    categories: list[Category] = Field(min_length=1, max_length=1000)


class Suite(_Part):
    """A loaded suite: its file, its prompts in the order of the report, and a hash of all that scores."""

    file: SuiteFile
    prompts: tuple[Prompt, ...]
    digest: str

    def prompt(self, id: str) -> Prompt:
        """The prompt of this id. Raises KeyError."""
        for prompt in self.prompts:
            if prompt.id == id:
                return prompt
        raise KeyError(id)

    def category_title(self, id: str) -> str:
        """The printed name of a category, or its id where the suite does not list it."""
        return next((category.title for category in self.file.categories if category.id == id), id)


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """A sort key that counts digits as numbers, so that `parallel_10` comes after `parallel_9`."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", text) if part]
