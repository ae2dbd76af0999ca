"""Every known deviation of an OpenAI-compatible server ends as the right outcome, none as a crash."""

import json
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import Usage
from milo_tui.suite.conversation import Loss
from tests.servers.fault_server import (
    DONE,
    FINGERPRINT,
    MLX,
    Reset,
    answer,
    call,
    calls,
    chunk,
    chunked,
    data,
    end,
    text,
    usage,
)

from .talking import hear

PARIS = '{"city": "Paris"}'
ROME = '{"city": "Rome"}'
WEATHER = call("weather", PARIS, index=0, id="a", type="function")


def names_and_cities(reply: Any) -> list[tuple[str, Any]]:
    return [(c.name, (c.arguments or {}).get("city")) for c in reply.calls]


async def test_an_answer_of_mlx_lm_server() -> None:
    """facts/mlx_server.md 3.3: keep-alives, role in every delta, usage under the wrong object, no length."""
    named = {"system_fingerprint": FINGERPRINT, "model": "default_model"}
    script = (
        MLX + b": keepalive 1/1\n\n",
        chunk({"role": "assistant", "reasoning": "ok"}, **named),
        chunk({"role": "assistant", "reasoning": "\n"}, **named),
        chunk({"role": "assistant", "content": "\n\n"}, **named),
        chunk({"role": "assistant", "tool_calls": [WEATHER]}, **named),
        chunk({"role": "assistant", "content": "\n"}, **named),
        chunk({"tool_calls": [call("weather", ROME, index=1, id="b")]}, **named),
        chunk({"role": "assistant"}, "tool_calls", **named),
        data(
            {
                "object": "chat.completion",
                "choices": [],
                "usage": {
                    "prompt_tokens": 39,
                    "completion_tokens": 56,
                    "prompt_tokens_details": {"cached_tokens": 38},
                },
            }
        ),
        DONE,
    )
    heard = await hear(*script)
    reply = heard.reply
    assert (reply.reasoning, reply.text) == ("ok\n", "\n\n\n")
    assert names_and_cities(reply) == [("weather", "Paris"), ("weather", "Rome")]
    assert (reply.complete, reply.loss, reply.quirks) == (True, None, ())
    assert reply.usage == Usage(39, 56, cached_tokens=38)
    assert reply.server == FINGERPRINT
    # White space alone is no answer: the first text would otherwise come before the silence of a call.
    assert [delta.kind for delta in heard.deltas if delta.kind == "text"] == []
    assert reply.clock.first_text is None


GOOD_CALLS = {
    "call in the finish chunk": (calls(WEATHER, finish="tool_calls"), DONE),
    "pieces": (
        calls(call("weather", "", index=0, id="a")),
        calls(call(None, '{"city": ', index=0)),
        calls(call(None, '"Paris"}', index=0)),
        end("tool_calls"),
    ),
    "first index 1": (calls(call("weather", PARIS, index=1, id="a")), end("tool_calls")),
    "no index": (calls(call("weather", PARIS, id="a")), end("tool_calls")),
    "no index, in pieces by id": (
        calls(call("weather", '{"city": ', id="a")),
        calls(call(None, '"Paris"}', id="a")),
        end("tool_calls"),
    ),
    "neither index nor id in the later piece": (
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call(None, '"Paris"}')),
        end("tool_calls"),
    ),
    "arguments as an object": (calls(call("weather", {"city": "Paris"}, index=0, id="a")), end("tool_calls")),
    "name repeated": (
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call("weather", '"Paris"}', index=0, id="a")),
        end("tool_calls"),
    ),
    "name repeated, no id": (
        calls(call("weather", '{"city": ', index=0)),
        calls(call("weather", '"Paris"}', index=0)),
        end("tool_calls"),
    ),
    "name empty in later pieces": (
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call("", '"Paris"}', index=0, id="")),
        end("tool_calls"),
    ),
    "a new id for each piece": (
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call(None, '"Paris"}', index=0, id="b")),
        end("tool_calls"),
    ),
    "id missing": (calls(call("weather", PARIS, index=0)), end("tool_calls")),
    "id empty": (calls(call("weather", PARIS, index=0, id="")), end("tool_calls")),
    "phantom call after it": (calls(WEATHER), calls(call("", "", index=1, id="")), end("tool_calls")),
    "phantom call before it": (
        calls(call("", "", index=0, id="")),
        calls(call("weather", PARIS, index=1, id="a")),
        end("tool_calls"),
    ),
    "stop instead of tool_calls": (calls(WEATHER), end("stop")),
    "usage absent": (calls(WEATHER), end("tool_calls")),
    "comments": (b": OPENROUTER PROCESSING\n\n", calls(WEATHER), b":\n\n", end("tool_calls")),
    "delta null in the finish chunk": (
        calls(WEATHER),
        data({"choices": [{"index": 0, "delta": None, "finish_reason": "tool_calls"}]}),
        DONE,
    ),
    "finish reason empty until the end": (
        data({"choices": [{"index": 0, "delta": {"tool_calls": [WEATHER]}, "finish_reason": ""}]}),
        end("tool_calls"),
    ),
    "choices null, then empty": (
        data({"choices": None}),
        data({"choices": []}),
        calls(WEATHER),
        end("tool_calls"),
    ),
    "llama.cpp's timings": (calls(WEATHER), chunk({}, "tool_calls", timings={"prompt_ms": 3.5}), DONE),
    "no blank lines between events": (
        (calls(WEATHER) + end("tool_calls")).replace(b"\n\n", b"\n"),
        b"\n",
    ),
}


@pytest.mark.parametrize("script", GOOD_CALLS.values(), ids=GOOD_CALLS)
async def test_a_call_is_read_whatever_its_wrapping(script: tuple[bytes, ...]) -> None:
    reply = (await hear(MLX, *script)).reply
    assert names_and_cities(reply) == [("weather", "Paris")]
    assert reply.calls[0].id
    assert (reply.complete, reply.loss) == (True, None)
    assert reply.usage == Usage()


@pytest.mark.parametrize(
    "quirky",
    ["no index", "arguments as an object", "id missing", "id empty", "phantom call after it"],
)
async def test_what_was_mended_is_named(quirky: str) -> None:
    assert (await hear(MLX, *GOOD_CALLS[quirky])).reply.quirks


TWO_CALLS = {
    "in one chunk": (calls(WEATHER, call("weather", ROME, index=1, id="b")),),
    "in one chunk without index": (calls(call("weather", PARIS, id="a"), call("weather", ROME, id="b")),),
    "without index and id": (calls(call("weather", PARIS), call("weather", ROME)),),
    "all with index 0": (calls(WEATHER), calls(call("weather", ROME, index=0, id="b"))),
    "all with index 0, no ids, other names": (
        calls(call("weather", PARIS, index=0)),
        calls(call("forecast", ROME, index=0)),
    ),
    "all with index 0, no ids, same name": (
        calls(call("weather", PARIS, index=0)),
        calls(call("weather", ROME, index=0)),
    ),
    "index 0 twice, the second in pieces": (
        calls(WEATHER),
        calls(call("weather", "", index=0, id="b")),
        calls(call(None, ROME, index=0)),
    ),
    "without index and id, in pieces": (
        calls(call("weather", "")),
        calls(call(None, PARIS)),
        calls(call("weather", "")),
        calls(call(None, ROME)),
    ),
    "after a phantom": (
        calls(call("", "", index=0, id="")),
        calls(call("weather", PARIS, index=1, id="a"), call("weather", ROME, index=2, id="b")),
    ),
    "one id for both": (calls(WEATHER), calls(call("weather", ROME, index=1, id="a"))),
    "interleaved": (
        calls(call("weather", '{"city": ', index=0, id="a"), call("weather", '{"city": ', index=1, id="b")),
        calls(call(None, '"Rome"}', index=1), call(None, '"Paris"}', index=0)),
    ),
}


@pytest.mark.parametrize("script", TWO_CALLS.values(), ids=TWO_CALLS)
async def test_two_calls_stay_two(script: tuple[bytes, ...]) -> None:
    heard = await hear(MLX, *script, end("tool_calls"))
    assert [city for _, city in names_and_cities(heard.reply)] == ["Paris", "Rome"]
    assert len({c.id for c in heard.reply.calls}) == 2
    streamed = {n: "".join(d.text for d in heard.deltas if d.call == n) for n in (0, 1)}
    assert [json.loads(streamed[n]) for n in (0, 1)] == [{"city": "Paris"}, {"city": "Rome"}]


LOSSES = {
    "dropped call": ((chunk({"role": "assistant"}), end("tool_calls")), Loss.CALL_LOST, True),
    "dropped call after text": ((text("Let me see."), end("tool_calls")), Loss.CALL_LOST, True),
    "only a phantom call": ((calls(call("", "", index=0, id="")), end("tool_calls")), Loss.CALL_LOST, True),
    "empty list of calls": ((chunk({"tool_calls": []}), end("tool_calls")), Loss.CALL_LOST, True),
    "cut after text": ((text("\n", "\n"),), Loss.TRUNCATED, False),
    "cut inside an event": ((text("Hel"), b'data: {"choices": [{"del'), Loss.TRUNCATED, False),
    "cut by a reset": ((text("Hel"), Reset()), Loss.TRUNCATED, False),
    "[DONE] missing": ((text("Hello"), chunk(finish="stop")), Loss.TRUNCATED, False),
    "finish reason missing": ((text("Hello"), DONE), Loss.TRUNCATED, False),
    "an event that cannot be read": (
        (calls(WEATHER), b"data: {oops\n\n", end("tool_calls")),
        Loss.EVENT_GARBLED,
        True,
    ),
    "length": ((text("Hel"), end("length")), Loss.CUT_AT_LIMIT, True),
    "content filter": ((text("Hel"), end("content_filter")), Loss.REFUSED, True),
    "refusal": ((chunk({"refusal": "I won't."}), end("stop")), Loss.REFUSED, True),
    "nothing said": ((chunk({"role": "assistant"}), end("stop")), Loss.EMPTY, True),
    "only white space": ((text("\n\n"), end("stop")), Loss.EMPTY, True),
    "only thinking": ((chunk({"reasoning": "hm"}), end("stop")), Loss.EMPTY, True),
    "arguments not JSON": ((calls(call("f", "{oops", index=0)), end("tool_calls")), Loss.CALL_GARBLED, True),
    "arguments a list": ((calls(call("f", "[1]", index=0)), end("tool_calls")), Loss.CALL_GARBLED, True),
    "NaN in arguments": (
        (calls(call("f", '{"x": NaN}', index=0)), end("tool_calls")),
        Loss.CALL_GARBLED,
        True,
    ),
    "NaN in an object": (
        (calls(call("f", {"x": float("nan")}, index=0)), end("tool_calls")),
        Loss.CALL_GARBLED,
        True,
    ),
    "arguments too deep": (
        (calls(call("f", '{"x": ' + "[" * 5000, index=0)), end("tool_calls")),
        Loss.CALL_GARBLED,
        True,
    ),
    "arguments deep and whole": (
        (calls(call("f", '{"x": ' + "[" * 300 + "]" * 300 + "}", index=0)), end("tool_calls")),
        Loss.CALL_GARBLED,
        True,
    ),
}


@pytest.mark.parametrize(("script", "loss", "complete"), LOSSES.values(), ids=LOSSES)
async def test_a_loss_has_its_word(script: tuple[Any, ...], loss: Loss, complete: bool) -> None:
    reply = (await hear(MLX, *script)).reply
    assert (reply.loss, reply.complete) == (loss, complete)


@pytest.mark.parametrize("finish", ["length", None])
async def test_a_call_that_was_cut_off_is_not_executed(finish: str | None) -> None:
    ending = (end(finish),) if finish else ()
    cut = call("weather", '{"city": "Ro', index=1, id="b")
    reply = (await hear(MLX, calls(WEATHER), calls(cut), *ending)).reply
    assert names_and_cities(reply) == [("weather", "Paris")]
    assert "a tool call was cut off" in reply.quirks
    assert len(reply.echo["tool_calls"]) == 1


async def test_a_call_without_a_name_is_a_call() -> None:
    """mlx_lm.server 0.31.2 makes one of `<function=></function>`; whether it is any good is for the score."""
    reply = (await hear(MLX, calls(call("", "{}", index=0, id="a")), end("tool_calls"))).reply
    assert [(c.id, c.name, c.arguments) for c in reply.calls] == [("a", "", {})]
    assert reply.loss is None


async def test_a_break_is_told_unless_it_comes_after_the_end() -> None:
    cut = (await hear(MLX, text("Hel"), Reset())).reply
    assert any("broke off" in quirk for quirk in cut.quirks)
    whole = (await hear(MLX, text("Hello"), end("stop"), Reset())).reply
    assert (whole.loss, whole.quirks) == (None, ())


async def test_a_chunked_stream_that_breaks_off_is_truncated() -> None:
    reply = (await hear(chunked(text("Hel"), end=False))).reply
    assert (reply.text, reply.loss) == ("Hel", Loss.TRUNCATED)


async def test_lone_surrogates_become_valid_text() -> None:
    """A pair that was split over two chunks is joined again, a lone half is replaced."""
    script = (
        text("\ud83d", "\ude00 \ud800!"),
        calls(call("f\udfff", '{"a": "\\ud800", "b": "\\ud83d\\ude00", "c": "\\\\ud800"}', index=0)),
        end("tool_calls"),
    )
    heard = await hear(MLX, *script)
    assert heard.reply.text == "😀 \ufffd!"
    assert heard.reply.calls[0].name == "f\ufffd"
    assert heard.reply.calls[0].arguments == {"a": "\ufffd", "b": "😀", "c": "\\ud800"}
    json.dumps([d.text for d in heard.deltas], ensure_ascii=False).encode()
    json.dumps(heard.reply.echo["tool_calls"], ensure_ascii=False).encode()


async def test_a_megabyte() -> None:
    long = "0123456789abcdef" * 65536
    arguments = json.dumps({"text": long})
    script = (text(long), calls(call("f", arguments, index=0)), end("tool_calls"))
    reply = (await hear(MLX, *script)).reply
    assert (reply.text, reply.calls[0].arguments) == (long, {"text": long})


async def test_usage_with_everything_and_with_nonsense() -> None:
    full = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 80, "cache_write_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    odd = {"prompt_tokens": "many", "completion_tokens": True, "prompt_tokens_details": []}
    assert (await hear(MLX, text("Hi"), chunk(finish="stop"), usage(**full), DONE)).reply.usage == Usage(
        100, 50, 80, 5, 20
    )
    assert (await hear(MLX, text("Hi"), chunk({}, "stop", usage=odd), DONE)).reply.usage == Usage()


async def test_only_the_first_choice_counts() -> None:
    second = data({"choices": [{"index": 1, "delta": {"content": "no"}}]})
    assert (await hear(MLX, text("yes"), second, end("stop"))).reply.text == "yes"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_in_one_piece(stream: bool) -> None:
    """Asked for or not; facts/mlx_server.md 3.2: no index, keys in another order."""
    body = {
        "object": "chat.completion",
        "system_fingerprint": FINGERPRINT,
        "model": "default_model",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "reasoning": "ok",
                    "tool_calls": [
                        {"function": {"name": "f", "arguments": PARIS}, "type": "function", "id": "a"},
                        {"function": {"name": "f", "arguments": ROME}, "type": "function", "id": "b"},
                    ],
                },
            }
        ],
        "usage": {"prompt_tokens": 39, "completion_tokens": 32},
    }
    reply = (await hear(answer(body), stream=stream)).reply
    assert names_and_cities(reply) == [("f", "Paris"), ("f", "Rome")]
    assert (reply.complete, reply.loss, reply.quirks) == (True, None, ())
    assert (reply.reasoning, reply.text) == ("ok", "")
    assert reply.clock.decode_speed(reply.usage.output_tokens) is None
