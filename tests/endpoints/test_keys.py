"""A key is fetched by name, sent in a header, and found nowhere else."""

import gc
import logging
import pickle
import traceback
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from milo_tui.endpoints.endpoint import ChatRequest, EndpointError, UserMessage
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.endpoints.keys import Secret, fetch_key, is_loopback, redact
from tests.servers.fault_server import (
    MLX,
    FaultServer,
    Reset,
    Silence,
    answer,
    chunk,
    chunked,
    data,
    end,
    event,
    said,
    started,
    stopped,
    text,
)

from .talking import entry

CANARY = "CANARY" + "-7f3a9c-" * 3 + "end"
PROTOCOLS = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILO_TEST_KEY", CANARY)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_one_sentence(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILO_TEST_KEY")
    if value is not None:
        monkeypatch.setenv("MILO_TEST_KEY", value)
    with pytest.raises(EndpointError, match="MILO_TEST_KEY is not set") as caught:
        make_endpoint(entry("https://model.invalid", api_key_env="MILO_TEST_KEY"))
    assert (caught.value.kind, caught.value.retryable) == ("key", False)


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ключ", "\x1b[0m"])
def test_what_cannot_be_a_key_is_not_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILO_TEST_KEY", value)
    with pytest.raises(EndpointError) as caught:
        fetch_key("MILO_TEST_KEY")
    assert value not in caught.value.message


def test_a_pasted_line_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILO_TEST_KEY", f" {CANARY}\n")
    assert fetch_key("MILO_TEST_KEY").reveal() == CANARY


def test_a_simulated_model_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILO_TEST_KEY")
    played = entry("http://127.0.0.1:1", api_key_env="MILO_TEST_KEY", simulated={"profile": "steady"})
    assert make_endpoint(played).sent_keys()


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!r} {secret!s}"]
    assert not any(CANARY in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    "leak",
    [
        "sk-abcdefghijklmnop",
        "sk-proj-abc_DEF-123456",
        "sk-ant-api03-abcdefgh_ij-klm",
        "sk-or-v1-0123456789abcdef",
        "nvapi-abcdefghijkl",
        "hf_abcdefghijklmnopqr",
        "gsk_abcdefghijklmnopqr",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "sk-ab****************wxyz",
    ],
)
def test_what_looks_like_a_key_goes(leak: str) -> None:
    shown = redact(f"Incorrect API key provided: {leak}, see the page")
    assert shown == "Incorrect API key provided: [key], see the page"


def test_bearer_addresses_and_queries() -> None:
    assert redact('{"authorization": "Bearer abc.def"}') == '{"authorization": "Bearer [key]"}'
    assert redact("https://me:pass@host/v1?key=abc&x=1") == "https://[key]@host/v1?key=[key]&x=1"


def test_the_key_itself_goes_whatever_it_looks_like() -> None:
    assert redact("a pass/word! b pass%2Fword%21", Secret("pass/word!")) == "a [key] b [key]"


def test_ordinary_words_stay() -> None:
    ordinary = "The task-manager-list and risk-assessment of max_tokens=4096 at 12:30 don't ask-anything-long"
    assert redact(ordinary) == ordinary


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "0.0.0.0"]
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["192.168.0.5", "example.com", "localhost.example.com", "127.0.0.1.example", ""]
)
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)


@PROTOCOLS
def test_a_key_is_not_sent_in_the_clear(protocol: str) -> None:
    for url in ("http://192.168.0.5:8080/v1", "http://example.com"):
        with pytest.raises(EndpointError, match="never sent to") as caught:
            make_endpoint(entry(url, protocol=protocol, api_key_env="MILO_TEST_KEY"))
        assert CANARY not in caught.value.message
    make_endpoint(entry("http://192.168.0.5:8080/v1", protocol=protocol))
    make_endpoint(entry("https://192.168.0.5:8080/v1", protocol=protocol, api_key_env="MILO_TEST_KEY"))


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(EndpointError) as caught:
        make_endpoint(entry(f"https://me:{CANARY}@example.com"))
    assert CANARY not in caught.value.message


LEAKS: dict[str, tuple[Any, ...]] = {
    "401": (
        answer({"error": {"message": f"Incorrect API key provided: {CANARY}"}}, 401, x_request_id=CANARY),
    ),
    "429": (answer({"error": CANARY}, 429, retry_after="1"),),
    "500 HTML": (answer(f"<title>{CANARY}</title>".encode(), 500),),
    "error in the stream": (MLX, data({"error": {"message": f"Bearer {CANARY}"}})),
    "error event": (MLX, event("error", error={"type": "api_error", "message": CANARY})),
    "redirect": (answer(b"", 302, location=f"https://example.com/?key={CANARY}"),),
    "reset": (Reset(),),
    "time-out": (MLX, Silence()),
    "nothing": (MLX,),
}


@PROTOCOLS
@pytest.mark.parametrize("script", LEAKS.values(), ids=LEAKS)
async def test_a_canary_is_in_no_error_and_no_log(
    protocol: str, script: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with FaultServer(script) as server:
        keyed = entry(server.url, protocol=protocol, api_key_env="MILO_TEST_KEY", first_byte_timeout=0.5)
        async with aclosing(make_endpoint(keyed)) as endpoint:
            with pytest.raises(EndpointError) as caught:
                await endpoint.chat(ChatRequest((UserMessage("Hello"),)), lambda delta: None)
            shown = [repr(endpoint), repr(vars(endpoint)), repr(endpoint.sent_keys())]
    error = caught.value
    told = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    # A server that echoes the key may be logged by the HTTP library at DEBUG, as it came; Milo never does.
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("httpcore")]
    assert not any(CANARY in text for text in [*shown, *told, *logged])
    assert error.__cause__ is None
    assert error.__context__ is None
    header = "x-api-key" if protocol == "anthropic" else "authorization"
    assert CANARY in server.requests[0].headers[header]


@PROTOCOLS
async def test_a_canary_is_in_no_reply(protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    """Even where the server echoes it: the bytes that are kept do not hold it."""
    caplog.set_level(logging.DEBUG)
    echoed = {"object": "x", "debug": CANARY, "choices": []}
    script = (
        (MLX, data(echoed), text("Hi"), end("stop"))
        if protocol == "openai"
        else (chunked(started(), event("debug", key=CANARY), said(0, "Hi"), stopped("end_turn")),)
    )
    async with FaultServer(script) as server:
        keyed = entry(server.url, protocol=protocol, api_key_env="MILO_TEST_KEY")
        async with aclosing(make_endpoint(keyed)) as endpoint:
            reply = await endpoint.chat(ChatRequest((UserMessage("Hello"),)), lambda delta: None)
    assert b"[key]" in reply.exchange.response
    assert CANARY not in repr(reply)
    assert not any(CANARY in record.getMessage() for record in caplog.records)


async def test_no_client_or_request_keeps_the_key_afterwards() -> None:
    async with FaultServer((MLX, chunk({"content": "Hi"}), end("stop"))) as server:
        endpoint = make_endpoint(entry(server.url, api_key_env="MILO_TEST_KEY"))
        await endpoint.chat(ChatRequest((UserMessage("Hello"),)), lambda delta: None)
        await endpoint.aclose()
        gc.collect()
        holders = [o for o in gc.get_objects() if isinstance(o, httpx.Headers)]
        assert not any(CANARY in value for headers in holders for value in headers.values())
