"""`milo models check`: a real two-turn tool call with a model, and in words what works of it."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from milo_tui.endpoints.chat import END_REPAIRS
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    Endpoint,
    EndpointError,
    Reply,
    StreamPiece,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.mlx.process import ServerHome
from milo_tui.mlx.server import ManagedEndpoint, ServerCallbacks, drop_unsafe_sampling
from milo_tui.mlx.versions import losses
from milo_tui.suite.conversation import ToolResult
from milo_tui.suite.json_text import parse

_TOOL = ToolSpec(
    "read_gauge",
    "Read a gauge by its number.",
    {
        "type": "object",
        "properties": {"gauge": {"type": "integer", "description": "The gauge's number."}},
        "required": ["gauge"],
        "additionalProperties": False,
    },
)
_QUESTION = UserMessage("What does gauge 7 read? Use the tool, then answer with the reading.")
_READING = 4193
_TWO = UserMessage("Read gauge 7 and gauge 8, both at once: ask for both in one go.")
_JSON = UserMessage(
    'Answer with one JSON object and nothing else: the keys "name" (a string) and "age" (a number).'
)
_FREE = UserMessage("Invent a name for a ship and a sentence about her.")
_LONG = UserMessage("Count from one to two hundred in words.")
FEW_TOKENS = 16
HOT, COLD = 1.0, 0.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out; `needed` where the benchmark cannot do without it."""

    ok: bool
    text: str
    needed: bool = True


async def probe(
    entry: ModelEntry, home: ServerHome, loading: Callable[[str], None] = lambda text: None
) -> AsyncGenerator[Finding, None]:
    """Find out what works, a finding at a time; it ends early where nothing further can be tried.

    A server that Milo manages is started for it and stopped at the end; `loading` is told how it comes up.
    """
    try:
        async with _opened(entry, home, loading) as endpoint:
            async with aclosing(_converse(endpoint)) as findings:
                async for finding in findings:
                    yield finding
            base_url = endpoint.base_url if isinstance(endpoint, ManagedEndpoint) else None
            async with aclosing(_further(drop_unsafe_sampling(entry)[0], base_url)) as findings:
                async for finding in findings:
                    yield finding
            if isinstance(endpoint, ManagedEndpoint) and endpoint.peak_gb:
                yield Finding(True, f"memory: {endpoint.peak_gb:.2f} GB at most")
    except EndpointError as error:
        yield Finding(False, error.message)


@asynccontextmanager
async def _opened(
    entry: ModelEntry, home: ServerHome, loading: Callable[[str], None]
) -> AsyncIterator[Endpoint]:
    if entry.is_managed:
        async with ManagedEndpoint(entry, home, ServerCallbacks(loading, loading)) as managed:
            yield managed
        return
    async with aclosing(make_endpoint(entry)) as endpoint:
        yield endpoint


async def _converse(endpoint: Endpoint) -> AsyncGenerator[Finding, None]:
    seconds = await endpoint.warm_up()
    yield Finding(True, f"reachable: a first short answer took {seconds:.1f} s")
    deltas: list[StreamPiece] = []
    first = await endpoint.chat(ChatRequest((_QUESTION,), tools=(_TOOL,)), deltas.append)
    yield Finding(len(deltas) > 0, f"streams: {len(deltas)} pieces in the first turn")
    for finding in (*_first_turn(first), *_request(first)):
        yield finding
    if not first.calls:
        return
    results = tuple(ToolResult(call.id, {"gauge": 7, "reading": _READING}) for call in first.calls)
    messages = (_QUESTION, AssistantMessage(first), ToolResults(results))
    echoed = endpoint.sent_keys().get("echo_reasoning")
    if first.reasoning:
        yield Finding(True, f"echo: thinking goes back as {echoed}")
    second = await endpoint.chat(ChatRequest(messages, tools=(_TOOL,)), deltas.append)
    said = str(_READING) in second.text.replace(",", "")
    yield Finding(
        said, "second turn: " + ("uses the tool's result" if said else "does not use the tool's result")
    )
    cached = second.usage.cached_tokens
    told = (
        f"{cached} of {second.usage.input_tokens} prompt tokens came from the cache"
        if cached
        else "no cache hit told"
    )
    yield Finding(bool(cached), f"prefix cache: {told}", needed=False)


def _request(reply: Reply) -> list[Finding]:
    """What the server took of a request's options, and what it tells of its quotas."""
    sent = json.loads(reply.exchange.request)
    limit = next((name for name in ("max_completion_tokens", "max_tokens") if name in sent), "no key")
    usage = "taken" if "stream_options" in sent else "not sent"
    quotas = sorted(name for name in reply.exchange.headers if "ratelimit-" in name and "remaining" in name)
    told = ", ".join(f"{reply.exchange.headers[name]} {name.partition('ratelimit-')[2]}" for name in quotas)
    own = reply.calls and "a tool call without an id of its own" not in reply.quirks
    return [
        Finding(True, f"request: limit sent as {limit}, stream_options {usage}"),
        Finding(bool(own), f"ids: {'each call has its own' if own else 'made by Milo'}", needed=False),
        Finding(bool(told), f"quota: {told or 'no headers tell it'}", needed=False),
    ]


def _first_turn(reply: Reply) -> list[Finding]:
    call = reply.calls[0] if reply.calls else None
    right = call is not None and call.name == _TOOL.name and call.arguments == {"gauge": 7}
    called = "asked for the right call" if right else f"expected read_gauge(gauge 7), found {_said(reply)}"
    ttft = reply.clock.ttft_s
    return [
        _end_of_stream(reply),
        Finding(right, f"tool calls: {called}"),
        Finding(
            reply.usage.output_tokens is not None,
            f"usage: {reply.usage.input_tokens} tokens in, {reply.usage.output_tokens} out"
            if reply.usage.output_tokens is not None
            else "usage: the server counts no tokens, so there is no decode speed",
            needed=False,
        ),
        Finding(
            bool(reply.reasoning),
            f"reasoning: {len(reply.reasoning)} characters" if reply.reasoning else "reasoning: none came",
            needed=False,
        ),
        Finding(
            True,
            f"time to first token: {ttft:.2f} s" if ttft is not None else "time to first token: not known",
        ),
        *([Finding(True, f"server: {reply.server}")] if reply.server else []),
        *(Finding(False, f"its version: {lost}", needed=False) for lost in losses(reply.server)),
        *(Finding(False, f"deviates from the protocol: {quirk}", needed=False) for quirk in reply.quirks),
    ]


def _end_of_stream(reply: Reply) -> Finding:
    if not reply.complete:
        return Finding(False, "end of stream: the stream was cut short")
    for missing in END_REPAIRS:
        if missing in reply.repairs:
            return Finding(False, f"end of stream: {missing}", needed=False)
    return Finding(True, "end of stream: as the protocol says")


def _said(reply: Reply) -> str:
    if reply.calls:
        return f"{reply.calls[0].name}({reply.calls[0].arguments_text})"
    if reply.loss:
        return str(reply.loss)
    return "text and no call"


async def _further(entry: ModelEntry, base_url: str | None) -> AsyncGenerator[Finding, None]:
    """What a run can do without: each is asked for by itself, so that one refusal hides no other."""
    for ask in (_parallel_calls, _structured_output, _token_limit, _thinking, _temperature):
        try:
            yield await ask(entry, base_url)
        except EndpointError as error:
            yield Finding(
                False, f"{ask.__name__.strip('_').replace('_', ' ')}: {error.message}", needed=False
            )


async def _answer(
    entry: ModelEntry, base_url: str | None, message: UserMessage, *tools: ToolSpec, **changes: object
) -> Reply:
    changed = entry.model_copy(update=changes)
    async with aclosing(make_endpoint(changed, base_url=base_url)) as endpoint:
        return await endpoint.chat(ChatRequest((message,), tools=tools), lambda delta: None)


async def _parallel_calls(entry: ModelEntry, base_url: str | None) -> Finding:
    reply = await _answer(entry, base_url, _TWO, _TOOL)
    gauges = [call.arguments for call in reply.calls]
    both = {"gauge": 7} in gauges and {"gauge": 8} in gauges
    told = "two in one turn" if both else f"asked for two at once, found {len(reply.calls)}"
    return Finding(both, f"parallel calls: {told}", needed=False)


async def _structured_output(entry: ModelEntry, base_url: str | None) -> Finding:
    """By the prompt alone, as the suite asks: no schema is enforced, since mlx_lm.server has no such thing."""
    reply = await _answer(entry, base_url, _JSON)
    try:
        value = parse(reply.text)
    except ValueError:
        value = None
    keys = isinstance(value, dict) and set(value) == {"name", "age"}
    told = "the JSON that was asked for" if keys else "no JSON object of the two keys and nothing else"
    return Finding(keys, f"structured output: {told} (no schema is enforced)", needed=False)


async def _token_limit(entry: ModelEntry, base_url: str | None) -> Finding:
    reply = await _answer(entry, base_url, _LONG, max_tokens=FEW_TOKENS, thinking=None)
    count = reply.usage.output_tokens
    # Some servers report a cut as an ordinary end: then the count tells it.
    cut = reply.finish_reason in ("length", "max_tokens") or count == FEW_TOKENS
    kept = cut and (count is None or count <= FEW_TOKENS)
    if reply.finish_reason in ("stop", "end_turn") and count is not None and count < FEW_TOKENS:
        return Finding(
            True, f"max_tokens: not reached, the answer ended by itself after {count}", needed=False
        )
    reported = (
        "kept"
        if reply.finish_reason in ("length", "max_tokens")
        else f"kept, reported as {reply.finish_reason}"
    )
    told = reported if kept else f"{FEW_TOKENS} asked for, ended by {reply.finish_reason} after {count}"
    return Finding(kept, f"max_tokens: {told}", needed=False)


async def _thinking(entry: ModelEntry, base_url: str | None) -> Finding:
    """Asked for with thinking and without: whether the switch does anything."""
    came = []
    for wanted in (True, False):
        try:
            reply = await _answer(entry, base_url, _FREE, thinking=wanted, max_tokens=16 * FEW_TOKENS)
        except EndpointError:
            came.append("refused")
            continue
        hidden = (reply.usage.reasoning_tokens or 0) > 0
        came.append("thinks" if reply.reasoning.strip() or hidden else "does not think")
    told = f"thinking: asked to, it {came[0]}; asked not to, it {came[1]}"
    return Finding(came == ["thinks", "does not think"], told, needed=False)


async def _temperature(entry: ModelEntry, base_url: str | None) -> Finding:
    """Told apart by whether answers differ: never when cold, and when hot unless the model is very sure."""
    cold = await _texts(entry, base_url, COLD, 2)
    if len(cold) > 1:
        return Finding(False, "sampling: two answers at temperature 0 differ", needed=False)
    hot = await _texts(entry, base_url, HOT, TRIES)
    if hot == cold:
        told = f"sampling: {TRIES} answers at temperature {HOT:g} are the one at 0: not honoured, or a sure model"
        return Finding(False, told, needed=False)
    return Finding(True, "sampling: the same twice at temperature 0, others at 1", needed=False)


async def _texts(entry: ModelEntry, base_url: str | None, temperature: float, count: int) -> set[str]:
    changes = {"temperature": temperature, "max_tokens": 4 * FEW_TOKENS}
    replies = [await _answer(entry, base_url, _FREE, **changes) for _ in range(count)]
    return {reply.reasoning + reply.text for reply in replies}
