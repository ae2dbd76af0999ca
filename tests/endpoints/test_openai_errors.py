"""A chat completion that fails after status 200, or never begins, is an error of the infrastructure."""

from typing import Any

import pytest

from tests.servers.fault_server import DONE, MLX, Reset, answer, chunk, data, end, text

from .talking import fail, hear

ERRORS = {
    "object": data({"error": {"message": "Failed to parse input at pos 12", "code": 500}}),
    "string": data({"error": "Failed to parse input at pos 12"}),
    "then [DONE]": data({"error": {"message": "Failed to parse input at pos 12"}}) + DONE,
    "beside a choice": chunk({"content": ""}, "error", error={"message": "Failed to parse input at pos 12"}),
    "named event": b'event: error\ndata: {"message": "Failed to parse input at pos 12"}\n\n',
    "base_resp": data({"base_resp": {"status_code": 1002, "status_msg": "Failed to parse input at pos 12"}}),
}


@pytest.mark.parametrize("broken", ERRORS.values(), ids=ERRORS)
async def test_an_error_inside_the_stream(broken: bytes) -> None:
    error = await fail(MLX, text("Hel"), broken)
    assert (error.kind, error.retryable, error.status) == ("stream error", True, 200)
    assert "Failed to parse input at pos 12" in error.message
    assert error.exchange is not None
    assert b"Hel" in error.exchange.response


BODIES = {
    "error object": {"error": {"message": "no credit left"}},
    "error string": {"error": "no credit left"},
    "base_resp": {"base_resp": {"status_code": 1008, "status_msg": "no credit left"}, "choices": None},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_an_error_under_status_200(body: Any, stream: bool) -> None:
    error = await fail(answer(body), stream=stream)
    assert (error.kind, error.retryable) == ("stream error", True)
    assert "no credit left" in error.message


async def test_base_resp_of_a_success_is_none() -> None:
    assert (
        await hear(MLX, chunk({"content": "Hi"}, base_resp={"status_code": 0}), end("stop"))
    ).reply.loss is None


NOTHING = {
    "no byte": (MLX,),
    "keep-alives only": (MLX, b": keepalive 1/2\n\n: keepalive 2/2\n\n"),
    "[DONE] only": (MLX, DONE),
    "a web page": (answer(b"<html><title>Portal</title></html>", content_type="text/html"),),
    "not JSON": (MLX, b"data: hello\n\n"),
    "JSON of another kind": (answer({"ok": True}),),
    "JSON list": (answer([1, 2]),),
    "reset": (MLX, Reset()),
}


@pytest.mark.parametrize("script", NOTHING.values(), ids=NOTHING)
async def test_a_stream_without_an_event_is_an_error(script: tuple[Any, ...]) -> None:
    error = await fail(*script)
    assert (error.kind, error.retryable) == ("empty stream", True)


async def test_a_dead_generation_thread_is_named() -> None:
    error = await fail(answer({"error": "generation thread died"}, 404))
    assert (error.kind, error.status) == ("server dead", 404)
    assert error.message.endswith("generation thread died")


@pytest.mark.parametrize("cut", [b"", b'{"choices": [{"ind'])
async def test_an_answer_in_one_piece_that_was_cut(cut: bytes) -> None:
    error = await fail(b"HTTP/1.0 200 OK\r\nContent-Length: 700\r\n\r\n" + cut, stream=False)
    assert (error.kind, error.retryable) == ("empty stream", True)
