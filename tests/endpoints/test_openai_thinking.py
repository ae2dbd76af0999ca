"""Thinking is found wherever a server puts it, kept apart from the answer, and sent back as it wants it."""

from typing import Any

import pytest

from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, UserMessage
from milo_tui.suite.conversation import Loss
from tests.servers.fault_server import FINGERPRINT, MLX, chunk, end, text

from .talking import ask_all, hear

THINKING: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "reasoning": ([{"reasoning": "I th"}, {"reasoning": "ink."}, {"content": "Yes."}], "reasoning"),
    "reasoning_content": ([{"reasoning_content": "I think."}, {"content": "Yes."}], "reasoning_content"),
    "both, alike": (
        [{"reasoning_content": "I think.", "reasoning": "I think."}, {"content": "Yes."}],
        "reasoning_content",
    ),
    "details": (
        [
            {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "I th"}]},
            {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "ink.", "signature": "s"}]},
            {"content": "Yes."},
        ],
        "reasoning_details",
    ),
    "details and reasoning": (
        [
            {
                "reasoning": "I think.",
                "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "I think."}],
            },
            {"content": "Yes."},
        ],
        "reasoning_details",
    ),
    "inline": ([{"content": "<think>I think.</think>Yes."}], None),
    "inline, opening tag missing": ([{"content": "I think."}, {"content": "</think>Yes."}], None),
    "parts": (
        [
            {"reasoning": [{"type": "text", "text": "I think."}]},
            {"content": [{"type": "text", "text": "Yes."}]},
        ],
        "reasoning",
    ),
}


@pytest.mark.parametrize(("deltas", "field"), THINKING.values(), ids=THINKING)
async def test_thinking_is_read_and_echoed_where_it_came_from(deltas: list[Any], field: str | None) -> None:
    reply = (await hear(MLX, *map(chunk, deltas), end("stop"))).reply
    assert (reply.reasoning, reply.text) == ("I think.", "Yes.")
    thoughts = {name: value for name, value in reply.echo.items() if name.startswith("reasoning")}
    assert list(thoughts) == ([field] if field else [])
    if field is None:
        assert reply.echo["content"] == "".join(delta["content"] for delta in deltas)


async def test_details_are_echoed_as_one_with_their_signature() -> None:
    deltas, _ = THINKING["details"]
    reply = (await hear(MLX, *map(chunk, deltas), end("stop"))).reply
    expected = {"type": "reasoning.text", "index": 0, "text": "I think.", "signature": "s"}
    assert reply.echo["reasoning_details"] == [expected]


INLINE = "<think>I </ think.\n</think>\n\nYes, a <think> b."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
async def test_inline_thinking_cut_anywhere(size: int) -> None:
    pieces = [INLINE[n : n + size] for n in range(0, len(INLINE), size)]
    heard = await hear(MLX, text(*pieces), end("stop"))
    assert heard.reply.reasoning == "I </ think.\n"
    assert heard.reply.text == "\n\nYes, a <think> b."
    kinds = [delta.kind for delta in heard.deltas]
    assert kinds == sorted(kinds)  # reasoning before text
    assert "".join(d.text for d in heard.deltas if d.kind == "reasoning") == heard.reply.reasoning


async def test_thinking_that_never_ends_is_no_text() -> None:
    reply = (await hear(MLX, text("<think>I thi", "nk </th"), end("length"))).reply
    assert (reply.reasoning, reply.text, reply.loss) == ("I think </th", "", Loss.CUT_AT_LIMIT)


async def test_text_that_only_begins_like_a_tag() -> None:
    assert (await hear(MLX, text("<thi", "s>"), end("stop"))).reply.text == "<this>"
    assert (await hear(MLX, text("<thi"), end("stop"))).reply.text == "<thi"


REASONED = (MLX, chunk({"reasoning": "I think."}), text("\n\nYes."), end("stop"))
OF_MLX = (
    MLX,
    chunk({"reasoning": "I think."}, system_fingerprint=FINGERPRINT),
    text("\n\nYes."),
    end("stop"),
)

ECHOES: dict[str, tuple[tuple[bytes, ...], dict[str, Any], dict[str, str]]] = {
    "mlx_lm.server renames it": (OF_MLX, {}, {"reasoning_content": "I think."}),
    "vLLM and Ollama": (REASONED, {}, {"reasoning": "I think."}),
    "a server that Milo starts is mlx": (
        REASONED,
        {"server": {"weights": "w"}},
        {"reasoning_content": "I think."},
    ),
    "as the entry says": (
        OF_MLX,
        {"echo_reasoning": "both"},
        {"reasoning": "I think.", "reasoning_content": "I think."},
    ),
    "not at all": (OF_MLX, {"echo_reasoning": "none"}, {}),
}


@pytest.mark.parametrize(("script", "fields", "echoed"), ECHOES.values(), ids=ECHOES)
async def test_thinking_is_sent_back_as_the_server_reads_it(
    script: tuple[bytes, ...], fields: dict[str, Any], echoed: dict[str, str]
) -> None:
    question = UserMessage("Is it?")
    reply = (await hear(*script, **fields)).reply
    then = ChatRequest((question, AssistantMessage(reply), UserMessage("Sure?")))
    _, server = await ask_all([script], [then], **fields)
    sent = server.requests[0].json["messages"][1]
    assert sent == {"role": "assistant", "content": "\n\nYes.", **echoed}
