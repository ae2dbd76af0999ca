"""`milo models check`: a real two-turn tool call with a model, and in words what works of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    Delta,
    Endpoint,
    EndpointError,
    Reply,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.making import make_endpoint
from milo_tui.suite.conversation import ToolResult

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out; `needed` where the benchmark cannot do without it."""

    ok: bool
    text: str
    needed: bool = True


async def probe(entry: ModelEntry) -> AsyncIterator[Finding]:
    """Find out what works, a finding at a time; it ends early where nothing further can be tried."""
    if entry.server is not None and entry.base_url is None:
        yield Finding(
            False, f"no server runs: start `mlx_lm.server --model {entry.server.weights}` and give base_url"
        )
        return
    try:
        endpoint = make_endpoint(entry)
    except EndpointError as error:
        yield Finding(False, error.message)
        return
    try:
        async for finding in _converse(endpoint):
            yield finding
    except EndpointError as error:
        yield Finding(False, error.message)
    finally:
        await endpoint.aclose()


async def _converse(endpoint: Endpoint) -> AsyncIterator[Finding]:
    seconds = await endpoint.warm_up()
    yield Finding(True, f"reachable: a first short answer took {seconds:.1f} s")
    deltas: list[Delta] = []
    first = await endpoint.chat(ChatRequest((_QUESTION,), tools=(_TOOL,)), deltas.append)
    yield Finding(len(deltas) > 0, f"streams: {len(deltas)} pieces in the first turn")
    for finding in _first_turn(first):
        yield finding
    if not first.calls:
        return
    results = tuple(ToolResult(call.id, {"gauge": 7, "reading": _READING}) for call in first.calls)
    messages = (_QUESTION, AssistantMessage(first), ToolResults(results))
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


def _first_turn(reply: Reply) -> list[Finding]:
    call = reply.calls[0] if reply.calls else None
    right = call is not None and call.name == _TOOL.name and call.arguments == {"gauge": 7}
    called = "asked for the right call" if right else f"expected read_gauge(gauge 7), found {_said(reply)}"
    ttft = reply.clock.ttft_s
    return [
        Finding(
            reply.complete, "ends as the protocol says" if reply.complete else "the stream was cut short"
        ),
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
        *(Finding(False, f"deviates from the protocol: {quirk}", needed=False) for quirk in reply.quirks),
    ]


def _said(reply: Reply) -> str:
    if reply.calls:
        return f"{reply.calls[0].name}({reply.calls[0].arguments_text})"
    if reply.loss:
        return str(reply.loss)
    return "text and no call"
