"""What goes wrong below the protocols: each failure has its kind, its sentence, and its rule for retrying."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from milo_tui.endpoints import failures
from milo_tui.endpoints.endpoint import ChatRequest, EndpointError, UserMessage
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.endpoints.stamping import is_exempt
from milo_tui.suite.conversation import Loss
from tests.servers.fault_server import (
    DONE,
    MLX,
    FaultServer,
    KeepOpen,
    Pause,
    Reset,
    Silence,
    answer,
    chunk,
    chunked,
    end,
    said,
    started,
    stopped,
    text,
)

from .talking import HELLO, ask_all, entry, fail, hear

PROTOCOLS = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@PROTOCOLS
@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "rejected", False),
        (401, "key", False),
        (402, "rejected", False),
        (403, "key", False),
        (404, "rejected", False),
        (408, "timeout", True),
        (409, "rejected", True),
        (411, "rejected", False),
        (413, "rejected", False),
        (429, "rate limited", True),
        (500, "server error", True),
        (502, "server error", True),
        (503, "unavailable", True),
        (504, "timeout", True),
        (529, "overloaded", True),
    ],
)
async def test_statuses(protocol: str, status: int, kind: str, retryable: bool) -> None:
    body = {"type": "error", "error": {"type": "some_error", "message": "That did not work"}}
    error = await fail(answer(body, status), protocol=protocol)
    assert (error.status, error.kind, error.retryable) == (status, kind, retryable)
    assert f"answered {status}" in error.message
    assert "That did not work" in error.message
    assert error.exchange is not None
    assert b"That did not work" in error.exchange.response
    assert b"Hello" in error.exchange.request


BODIES = {
    "object": ({"error": {"message": "Quite full", "type": "x", "code": None}}, "Quite full"),
    "string": ({"error": "Quite full"}, "Quite full"),
    "message only": ({"message": "Quite full"}, "Quite full"),
    "fastapi": ({"detail": [{"loc": ["body"], "msg": "Quite full"}]}, "Quite full"),
    "bare string": ("Quite full", "Quite full"),
    "text": (b"Quite full", "Quite full"),
    "HTML": (b"<html>\n<title>Quite\nfull</title><body>x</body>", "Quite full"),
    "HTML without title": (b"<!doctype html><h1>Bad</h1>", "an HTML page"),
    "empty": (b"", "an empty body"),
    "null": ({"error": None}, "no reason given"),
    "not UTF-8": (b"Quite full \xff\xfe", "Quite full"),
    "deep": (b'{"error":' * 5000, "answered 500"),
    "very long": ({"error": "Quite full " * 1000}, "Quite full"),
    "lone surrogate": (b'{"error": "Quite full \\ud800"}', "Quite full \ufffd"),
}


@PROTOCOLS
@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
async def test_bodies_of_errors(protocol: str, body: Any, expected: str) -> None:
    error = await fail(answer(body, 500), protocol=protocol)
    assert expected in error.message


@pytest.mark.parametrize(
    ("protocol", "status", "said_of_it"),
    [
        ("openai", 404, "model 'default_model' not found"),
        ("openai", 404, "The model `default_model` does not exist or you do not have access to it."),
        ("openai", 400, "Invalid model name passed in model=default_model"),
        ("openai", 400, "default_model is not a valid model ID"),
        ("openai", 404, "Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/x/y'."),
        ("anthropic", 404, "model: claude-sonnet-4-6"),
    ],
)
async def test_s9_a_refusal_of_the_models_name_tells_which_names_there_are(
    protocol: str, status: int, said_of_it: str
) -> None:
    listed = answer({"object": "list", "data": [{"id": "org/one:8b"}, {"id": "two\x1b[2J\n"}, {"id": 3}]})
    refused = answer({"error": {"message": said_of_it}}, status)
    async with (
        FaultServer((refused, KeepOpen()), (listed,)) as server,
        aclosing(make_endpoint(entry(server.url, protocol=protocol))) as endpoint,
    ):
        with pytest.raises(EndpointError) as caught:
            await endpoint.warm_up()
    assert said_of_it in caught.value.message
    assert caught.value.message.endswith("The server lists org/one:8b, two␛[2J␊: give one as `model`.")
    assert (caught.value.status, caught.value.kind, caught.value.retryable) == (status, "rejected", False)
    assert server.requests[1].path == "/v1/models"


@pytest.mark.parametrize(
    ("listed", "hint"),
    [
        (
            answer({"data": [{"id": f"{i}-{'n' * 300}"} for i in range(2000)]}),
            " and 999 more: give one as `model`.",
        ),
        (answer({"error": "no"}, 500), "It tells of no models: give the model's name as `model`."),
        (answer(b"[" * 100_000), "It tells of no models: give the model's name as `model`."),
        (Reset(), "It tells of no models: give the model's name as `model`."),
    ],
    ids=["thousands", "500", "no JSON", "reset"],
)
async def test_s9_the_list_of_names_is_bounded_and_may_be_missing(listed: Any, hint: str) -> None:
    refused = answer({"error": {"message": "model 'default_model' not found " + 40 * "and so on "}}, 404)
    async with (
        FaultServer((refused,), (listed,)) as server,
        aclosing(make_endpoint(entry(server.url))) as endpoint,
    ):
        with pytest.raises(EndpointError) as caught:
            await endpoint.chat(HELLO, lambda delta: None)
    assert "'default_model' not found" in caught.value.message
    assert caught.value.message.endswith(hint)
    assert len(caught.value.message) <= 300


@pytest.mark.parametrize("status", [400, 404])
async def test_other_refusals_ask_for_no_list(status: int) -> None:
    async with (
        FaultServer([answer({"error": "tools are not supported by this model"}, status)]) as server,
        aclosing(make_endpoint(entry(server.url))) as endpoint,
    ):
        with pytest.raises(EndpointError):
            await endpoint.chat(HELLO, lambda delta: None)
    assert len(server.requests) == 1


async def test_s9_no_full_stop_is_doubled() -> None:
    error = await fail(answer(b"", 308, location="/x"))
    assert error.message.endswith("Check base_url.")
    assert (await fail(answer({"error": "It is full.."}, 500))).message.endswith("It is full.")
    assert (await fail(answer({"error": "Wait..."}, 500))).message.endswith("Wait...")


IN_A_MINUTE = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
LONG_AGO = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry_after": "7"}, 7, 7),
        ({"retry_after": "0.5"}, 0.5, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "7"}, 1.5, 1.5),
        ({"retry_after": IN_A_MINUTE}, 0, 60),
        ({"retry_after": LONG_AGO}, 0, 0),
    ],
)
async def test_when_to_ask_again(headers: dict[str, str], low: float, high: float) -> None:
    error = await fail(answer({"error": "slow down"}, 429, **headers))
    assert error.retry_after_s is not None
    assert low <= error.retry_after_s <= high


@pytest.mark.parametrize("value", ["soon", "-3", "nan", "inf", "", "Wed, 99 Oct 2015"])
async def test_nonsense_in_retry_after_is_nothing(value: str) -> None:
    assert (await fail(answer({"error": "slow down"}, 429, retry_after=value))).retry_after_s is None


def test_a_date_without_a_zone_is_utc() -> None:
    now = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
    assert failures.retry_after({"retry-after": "Mon, 23 Nov 2026 08:00:30 -0000"}, now) == 30


async def test_the_server_may_say_whether_to_retry() -> None:
    assert not (await fail(answer({}, 500, x_should_retry="false"))).retryable
    assert (await fail(answer({}, 400, x_should_retry="true"))).retryable


@pytest.mark.parametrize(
    "code", ["contract_spend_limit_reached", "enforced_spend_limit_reached", "ramp_limit_exceeded"]
)
async def test_a_spend_limit_is_not_waited_for(code: str) -> None:
    error = {"type": "rate_limit_error", "message": "Spend limit", "details": {"code": code}}
    assert not (await fail(answer({"error": error}, 429), protocol="anthropic")).retryable


async def test_a_used_up_quota_is_not_waited_for() -> None:
    error = {"message": "You exceeded your quota", "code": "insufficient_quota"}
    assert not (await fail(answer({"error": error}, 429))).retryable


@PROTOCOLS
async def test_redirects_are_not_followed(protocol: str) -> None:
    async with FaultServer([answer({})]) as other:
        error = await fail(answer(b"", 307, location=other.url + "/v1/messages"), protocol=protocol)
        assert other.requests == []
    assert (error.kind, error.retryable) == ("redirect", False)


@PROTOCOLS
async def test_nobody_listens(protocol: str) -> None:
    async with FaultServer() as server:
        url = server.url
    async with aclosing(make_endpoint(entry(url, protocol=protocol))) as endpoint:
        with pytest.raises(EndpointError) as caught:
            await endpoint.chat(HELLO, lambda delta: None)
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)
    assert "connection refused" in caught.value.message


async def test_a_name_that_no_one_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    async with aclosing(make_endpoint(entry("http://nowhere.invalid"))) as endpoint:
        with pytest.raises(EndpointError) as caught:
            await endpoint.chat(HELLO, lambda delta: None)
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)


async def test_tls_to_a_server_without() -> None:
    async with (
        FaultServer([]) as server,
        aclosing(make_endpoint(entry(server.url.replace("http", "https")))) as endpoint,
    ):
        with pytest.raises(EndpointError) as caught:
            await endpoint.chat(HELLO, lambda delta: None)
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)
    assert "TLS failed" in caught.value.message


@pytest.mark.parametrize("problem", [BrokenPipeError, TimeoutError, ValueError])
async def test_what_a_listener_raises_is_not_taken_for_a_broken_stream(problem: type[Exception]) -> None:
    def listen(delta: object) -> None:
        raise problem("the view is gone")

    async with (
        FaultServer([MLX, text("Hi"), end("stop")]) as server,
        aclosing(make_endpoint(entry(server.url))) as endpoint,
    ):
        with pytest.raises(problem, match="the view is gone"):
            await endpoint.chat(HELLO, listen)


@PROTOCOLS
@pytest.mark.parametrize("step", [Reset(), b"", b"SMTP ready\r\n\r\n", b"HTTP/1.1 2"])
async def test_a_connection_that_ends_before_any_answer(protocol: str, step: Any) -> None:
    error = await fail(step, protocol=protocol)
    assert (error.kind, error.retryable, error.status) == ("connection", True, None)


@PROTOCOLS
@pytest.mark.parametrize("head", [b"", MLX])
async def test_a_server_that_never_answers(protocol: str, head: bytes) -> None:
    error = await fail(head, Silence(), protocol=protocol, first_byte_timeout=0.1)
    assert (error.kind, error.retryable) == ("timeout", True)
    assert "within 0.1 s" in error.message


async def test_a_server_that_does_not_take_the_request() -> None:
    request = ChatRequest((UserMessage("x" * 20_000_000),))
    error = await fail(answer({}), request=request, slow=30, first_byte_timeout=0.1)
    assert (error.kind, error.retryable) == ("timeout", True)
    assert "did not take the request" in error.message


@PROTOCOLS
async def test_silence_in_the_middle(protocol: str) -> None:
    begun = text("Hel") if protocol == "openai" else started() + said(0, "Hel")
    error = await fail(MLX, begun, Silence(), protocol=protocol, silence_timeout=0.1)
    assert (error.kind, error.retryable, error.status) == ("timeout", True, 200)
    assert "silent for 0.1 s" in error.message
    assert error.exchange is not None
    assert b"Hel" in error.exchange.response


async def test_keep_alives_are_no_silence() -> None:
    beats = [step for _ in range(16) for step in (b": keepalive\n\n", Pause(0.1))]
    heard = await hear(MLX, *beats, text("Hi"), end("stop"), silence_timeout=0.5, first_byte_timeout=30)
    assert heard.reply.text == "Hi"


async def test_with_the_first_piece_the_wait_for_a_first_byte_is_over() -> None:
    heard = await hear(MLX, text("H"), Pause(0.4), text("i"), end("stop"), first_byte_timeout=0.2)
    assert heard.reply.text == "Hi"


async def test_an_answer_in_one_piece_may_take_as_long_as_a_silence() -> None:
    body = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    heard = await hear(Pause(0.3), answer(body), stream=False, first_byte_timeout=0.1, silence_timeout=30)
    assert heard.reply.text == "Hi"


@PROTOCOLS
async def test_a_stream_that_stays_open_after_its_end_mark_is_over(protocol: str) -> None:
    whole = (
        text("Hi") + end("stop") if protocol == "openai" else started() + said(0, "Hi") + stopped("end_turn")
    )
    reply = (await hear(MLX, whole, Silence(), protocol=protocol)).reply
    assert (reply.text, reply.complete) == ("Hi", True)
    assert reply.clock.end == reply.clock.last_delta


async def test_what_follows_the_end_mark_is_kept_but_not_read() -> None:
    reply = (await hear(MLX, text("Hi"), end("stop"), text(" there"))).reply
    assert reply.text == "Hi"
    assert b" there" in reply.exchange.response


async def test_a_connection_is_used_again() -> None:
    good = chunked(text("Hi"), end("stop"))
    replies, server = await ask_all([(good, KeepOpen()), (good, KeepOpen())], [HELLO, HELLO])
    assert [reply.text for reply in replies] == ["Hi", "Hi"]
    assert server.connections == 1


@pytest.mark.parametrize("closing", [(), (Reset(),)], ids=["closed", "reset"])
async def test_a_request_on_a_connection_that_the_server_closed_is_sent_again(closing: Any) -> None:
    """As llama.cpp's server does: it keeps the connection after an answer, and closes it as the next request comes."""
    good = chunked(text("Hi"), end("stop"))
    scripts = [(good, KeepOpen()), closing, (Pause(0.2), good)]
    replies, server = await ask_all(scripts, [HELLO, HELLO])
    assert [reply.text for reply in replies] == ["Hi", "Hi"]
    assert (len(server.requests), server.connections) == (3, 2)
    # Its time begins with the request that was answered.
    assert replies[1].clock.sent > server.requests[1].read_ns


@pytest.mark.parametrize(
    ("second", "third", "asked"),
    [((b"HTTP/1.1 2",), (), 2), ((), (), 3)],
    ids=["a byte of the answer came", "the new connection is closed too"],
)
async def test_it_is_sent_again_once_and_only_where_nothing_came(second: Any, third: Any, asked: int) -> None:
    async with (
        FaultServer((chunked(text("Hi"), end("stop")), KeepOpen()), second, third) as server,
        aclosing(make_endpoint(entry(server.url))) as endpoint,
    ):
        await endpoint.chat(HELLO, lambda delta: None)
        with pytest.raises(EndpointError, match="closed the connection before it answered") as caught:
            await endpoint.chat(HELLO, lambda delta: None)
        assert len(server.requests) == asked
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)


async def test_an_error_body_that_breaks_off_still_tells() -> None:
    head = b"HTTP/1.1 503 X\r\nContent-Length: 900\r\n\r\n"
    error = await fail(head + b'{"error": "loading', Reset())
    assert (error.status, error.kind) == (503, "unavailable")


async def test_headers_are_kept_by_an_allow_list() -> None:
    kept = {"x_request_id": "r1", "x_ratelimit_remaining_tokens": "9", "x_generation_id": "g"}
    dropped = {"set_cookie": "a=b", "anthropic_organization_id": "o", "x_secret": "s"}
    error = await fail(answer({}, 500, **kept, **dropped))
    assert error.exchange is not None
    assert dict(error.exchange.headers) == {
        "x-request-id": "r1",
        "x-ratelimit-remaining-tokens": "9",
        "x-generation-id": "g",
    }


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milo_tui.endpoints.transport.MOST_BYTES", 100_000)
    reply = (await hear(MLX, *[text("Hi" * 5000)] * 40, end("stop"))).reply
    assert reply.loss is Loss.TOO_LONG
    assert len(reply.exchange.response) < 200_000


async def test_a_stop_closes_the_connection() -> None:
    began = asyncio.Event()
    async with (
        FaultServer([MLX, text("Hel"), Silence()]) as server,
        aclosing(make_endpoint(entry(server.url))) as endpoint,
    ):
        task = asyncio.create_task(endpoint.chat(HELLO, lambda delta: began.set()))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await hear(MLX, text("Hi"), end("stop"))).reply.text == "Hi"


@pytest.fixture
def proxy_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy yet."""
    for name in ("no_proxy", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


async def say_hello(url: str) -> str:
    """The reply of the server at `url`."""
    async with aclosing(make_endpoint(entry(url))) as endpoint:
        return (await endpoint.chat(HELLO, lambda delta: None)).text


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_other_hosts_go_through_the_proxy(variable: str, proxy_variables: pytest.MonkeyPatch) -> None:
    async with FaultServer([MLX, chunk({"content": "Hi"}, "stop"), DONE]) as proxy:
        proxy_variables.setenv(variable, proxy.url.replace("://", "://me:secret@"))
        proxy_variables.setenv("NO_PROXY", "example.com,.internal")
        assert await say_hello("http://model.invalid:8080/v1") == "Hi"
    assert proxy.requests[0].path == "http://model.invalid:8080/v1/chat/completions"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"


async def test_tls_goes_through_the_proxy_in_a_tunnel(proxy_variables: pytest.MonkeyPatch) -> None:
    async with FaultServer([answer({"error": "no way"}, 403)]) as proxy:
        proxy_variables.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(EndpointError, match="could not be reached") as caught:
            await say_hello("https://model.invalid/v1")
    assert caught.value.kind == "connection"
    assert proxy.requests[0].path == "model.invalid:443"


@pytest.mark.parametrize("exempt", ["model.invalid", ".invalid", "invalid", "a.b, model.invalid:8080", "*"])
async def test_hosts_in_no_proxy_are_reached_directly(
    exempt: str, proxy_variables: pytest.MonkeyPatch
) -> None:
    async with FaultServer([MLX, chunk({"content": "Hi"}, "stop"), DONE]) as proxy:
        proxy_variables.setenv("HTTP_PROXY", proxy.url)
        proxy_variables.setenv("NO_PROXY", exempt)
        with pytest.raises(EndpointError, match="could not be reached"):
            await say_hello("http://model.invalid:8080/v1")
    assert proxy.requests == []


@pytest.mark.parametrize(
    ("url", "no_proxy", "exempt"),
    [
        ("http://192.168.3.4:8080", "192.168.0.0/16", True),
        ("http://192.169.3.4", "192.168.0.0/16", False),
        ("http://192.168.3.4", "192.168.3.4/99, nonsense/8", False),
        ("http://[fd07:b51a::1]:80", "::1,fd07:b51a::/64", True),
        ("http://[fd07:b51a::1]", "[fd07:b51a::1]", True),
        ("http://[fd07:b51a::1]", "FD07:B51A:0::1", True),
        ("http://[fd07:b51a::1]:8080", "[fd07:b51a::1]:8080", True),
        ("http://[fd07:b51a::1]:8080", "[fd07:b51a::1]:9090", False),
        ("http://10.1.2.3:8080", "10.1.2.3:8080", True),
        ("http://10.1.2.3:8080", "10.1.2.3:9090", False),
        ("https://model.invalid", "model.invalid:443", True),
        ("http://a.model.invalid", "..model.invalid", True),
        ("http://model.invalid", ".model.invalid", True),
        ("http://amodel.invalid", "model.invalid", False),
        ("http://model.invalid", "one.invalid model.invalid", True),
        ("http://model.invalid", ",, ,", False),
    ],
)
def test_f1_no_proxy_is_read_as_curl_reads_it(
    url: str, no_proxy: str, exempt: bool, proxy_variables: pytest.MonkeyPatch
) -> None:
    proxy_variables.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    proxy_variables.setenv("NO_PROXY", no_proxy)
    assert is_exempt(httpx.URL(url), no_proxy) is exempt
    make_endpoint(entry(url))


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://x:99999999/"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(EndpointError) as caught:
        make_endpoint(entry("http://127.0.0.1"), base_url=url)
    assert caught.value.kind == "address"


@pytest.mark.parametrize("proxy", ["socks9://127.0.0.1:9", "socks5://127.0.0.1:9", "http://[::1"])
def test_a_proxy_that_cannot_be_used(proxy: str, proxy_variables: pytest.MonkeyPatch) -> None:
    proxy_variables.setenv("ALL_PROXY", proxy)
    with pytest.raises(EndpointError, match="The environment's proxy") as caught:
        make_endpoint(entry("http://model.invalid"))
    assert caught.value.kind == "address"
