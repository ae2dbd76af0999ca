"""Routes a request to the model it names, and sends what that model plays when it is due."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from random import Random
from typing import Any, Protocol

from milo_tui.simulated import anthropic_wire, http, openai_wire
from milo_tui.simulated.script import Script, ScriptedTurn, SimulatedModel
from milo_tui.simulated.timed_reply import Frame, TimedReply, time_reply, turn_number

ATTEMPT_HEADER = "x-milo-attempt"

_WARM_UP = (ScriptedTurn(text="ok", reasoning=""),)
_NOTHING = ScriptedTurn(reasoning="")


class Wire(Protocol):
    """A wire format, as the modules openai_wire and anthropic_wire have it."""

    REQUEST_ID_HEADER: str

    def opening(self, reply: TimedReply) -> Iterable[Frame]:
        """The frames up to the last token."""

    def ending(self, reply: TimedReply, body: dict[str, Any]) -> Iterable[Frame]:
        """The frames that say how and that it ended."""

    def completion(self, reply: TimedReply) -> dict[str, Any]:
        """The reply to a request without `stream`."""

    def error(self, status: int, message: str) -> dict[str, Any]:
        """An error's body."""


_WIRES: dict[str, Wire] = {"/chat/completions": openai_wire, "/messages": anthropic_wire}


class Refused(Exception):
    """A request that is answered with an error: HTTP status, message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SimulatedServer:
    """Serves the models of a script; every connection is a task, any number of streams run at once."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after another, until either side closes it."""
        try:
            while (request := await http.read_request(reader)) is not None:
                if not await self._answer(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:
            # The server ends. Passed on, Python 3.11 would print it for every open connection.
            pass
        finally:
            writer.close()

    async def _answer(self, request: http.Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection lives on."""
        arrived = asyncio.get_running_loop().time()
        path = request.path.removeprefix("/v1")
        wire = _WIRES.get(path)
        if request.method == "POST" and wire is not None:
            return await self._chat(request, wire, writer, arrived)
        if request.method == "GET" and path in ("/models", "/health"):
            await http.send_json(writer, 200, self._about(path), {})
        else:
            message = f"there is no {request.method} {request.path} here"
            await http.send_json(writer, 404, openai_wire.error(404, message), {})
        return request.keeps_alive

    def _about(self, path: str) -> dict[str, Any]:
        if path == "/health":
            return {"status": "ok"}
        models = [
            {
                "id": name,
                "object": "model",
                "type": "model",
                "display_name": model.profile.name,
                "owned_by": "milo",
            }
            for name, model in self._script.models.items()
        ]
        return {"object": "list", "data": models, "has_more": False}

    async def _chat(
        self, request: http.Request, wire: Wire, writer: asyncio.StreamWriter, arrived: float
    ) -> bool:
        try:
            body = _body(request)
            reply = self._play(body, request.headers.get(ATTEMPT_HEADER, ""))
        except Refused as refused:
            await http.send_json(writer, refused.status, wire.error(refused.status, refused.message), {})
            return request.keeps_alive
        send = _send_stream if body.get("stream") else _send_completion
        await send(writer, wire, reply, body, arrived)
        return request.keeps_alive and not reply.cut

    def _play(self, body: dict[str, Any], attempt: str) -> TimedReply:
        name = str(body.get("model"))
        model = self._script.models.get(name)
        if model is None:
            raise Refused(404, f"no simulated model is called {name!r}")
        number = turn_number(body)
        turn = _scripted(model, attempt, number)
        rng = Random("\0".join((str(self._script.seed), name, attempt, str(number))))
        return time_reply(
            turn, model.profile, model.pace, rng=rng, model=name, body=body, created=int(time.time())
        )


def _body(request: http.Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise Refused(400, f"the body is not valid JSON ({error})") from None
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise Refused(400, "messages must be a list of objects")
    checked: dict[str, Any] = body
    return checked


def _scripted(model: SimulatedModel, attempt: str, number: int) -> ScriptedTurn:
    """The turn to play: no attempt is a warm-up, and past the end of its part a model says nothing."""
    part = model.parts.get(attempt) if attempt else _WARM_UP
    if part is None:
        raise Refused(404, f"no part is written for the attempt {attempt!r}")
    return part[number] if number < len(part) else _NOTHING


async def _send_stream(
    writer: asyncio.StreamWriter, wire: Wire, reply: TimedReply, body: dict[str, Any], arrived: float
) -> None:
    headers = _headers(wire, reply)
    opening = wire.opening(reply)
    if reply.cut:
        whole = list(opening)
        begun = whole[: (len(whole) + 1) // 2]
        await http.send_cut_events(writer, _when_due(begun, arrived), headers)
    else:
        # Written as they fall due: all at once would hold up the other streams.
        frames = chain(opening, wire.ending(reply, body))
        await http.send_events(writer, _when_due(frames, arrived), headers)


async def _send_completion(
    writer: asyncio.StreamWriter, wire: Wire, reply: TimedReply, body: dict[str, Any], arrived: float
) -> None:
    headers = _headers(wire, reply)
    await _sleep_until(arrived + reply.ends_s)
    if reply.cut:
        await http.send_cut_json(writer, wire.completion(reply), headers)
    else:
        await http.send_json(writer, 200, wire.completion(reply), headers)


def _headers(wire: Wire, reply: TimedReply) -> dict[str, str]:
    return {wire.REQUEST_ID_HEADER: f"req_{reply.id}"}


async def _when_due(frames: Iterable[Frame], arrived: float) -> AsyncIterator[bytes]:
    for at_s, data in frames:
        await _sleep_until(arrived + at_s)
        yield data


async def _sleep_until(moment: float) -> None:
    """Against an absolute time, so that being late once does not add up."""
    delay = moment - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)
