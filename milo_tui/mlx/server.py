"""A mlx_lm.server that Milo starts, waits for, watches, starts again and stops.

What it relies on was seen of versions 0.31.2 and 0.32.2: the port and /health answer before the model is
loaded, and /health may stay well after the generation has died, so a completion of one token is the only proof
of life; a server that failed to load, or whose port was taken, stays alive for ever and tells it in its log
alone; of a distributed one only rank 0 speaks HTTP, and its launcher's exit status is 0 whatever happened.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx

from milo_tui.endpoints.endpoint import LOOPBACK, ChatRequest, EndpointError, OnPiece, Reply
from milo_tui.endpoints.entry import ModelEntry, ServerEntry
from milo_tui.endpoints.openai import OpenAIChat
from milo_tui.mlx import memory, server_notes
from milo_tui.mlx.launch import (
    Address,
    choose_address,
    command,
    local_share,
    rank_count,
    refused,
    vocabulary_size,
    weights_folder,
)
from milo_tui.mlx.process import ServerHome, ServerProcess
from milo_tui.suite.json_text import JSON

RESTARTS = 2
"""How often a server is started again in one run of its model."""

_TICK = 1.0
_PORT_TRIES = 3
_ONE_TOKEN = {
    "model": "default_model",
    "messages": [{"role": "user", "content": "Say OK."}],
    "max_tokens": 1,
    "temperature": 0.0,
}


@dataclass(frozen=True, slots=True)
class ServerCallbacks:
    """Called with what a server does: `loading` while it loads, `note` with what should be remembered."""

    loading: Callable[[str], None] = lambda text: None
    note: Callable[[str], None] = lambda text: None


class MlxServer:
    """One server process after another for one model; `address` is the present one's."""

    def __init__(self, entry: ModelEntry, home: ServerHome, callbacks: ServerCallbacks) -> None:
        assert entry.server is not None
        self._entry = entry
        self._server: ServerEntry = entry.server
        self._home = home
        self._callbacks = callbacks
        self._process: ServerProcess | None = None
        self._peak_gb = 0.0
        self.address = Address(LOOPBACK, 0)
        self.version = ""
        self.load_s = 0.0

    @property
    def peak_gb(self) -> float | None:
        """The most memory that was seen of any of its processes, in gigabytes; None before one was measured."""
        if self._process is not None:
            self._process.memory()
            self._peak_gb = max(self._peak_gb, self._process.peak_gb)
        return self._peak_gb or None

    async def start(self) -> None:
        """Start a process and wait until it answers. Raises EndpointError, and leaves nothing behind then."""
        for tries in range(_PORT_TRIES):
            try:
                await self._start()
            except BaseException as error:
                await asyncio.shield(self.stop())
                if not (isinstance(error, _PortTaken) and tries < _PORT_TRIES - 1):
                    raise
            else:
                return

    async def _start(self) -> None:
        self.address = choose_address(self._server)
        began = time.monotonic()
        self._process = await ServerProcess.start(
            command(self._server, self.address), self._entry.id, self._home
        )
        await self._until_ready(self._process, began)
        self.load_s = time.monotonic() - began
        self._process.note_members()

    async def _until_ready(self, process: ServerProcess, began: float) -> None:
        asking = asyncio.create_task(self._first_answer())
        try:
            while not (await asyncio.wait([asking], timeout=_TICK))[0]:
                self._report(process, began)
                self._raise_if_failed(process, time.monotonic() - began)
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        self._raise_if_failed(process, time.monotonic() - began)
        if self.address.host == LOOPBACK and not process.listens_on(self.address.port):
            raise _PortTaken(self.address.port)

    def _report(self, process: ServerProcess, began: float) -> None:
        needed = f" of {self._server.memory_gb:g} GB" if self._server.memory_gb else " GB"
        self._callbacks.loading(f"{time.monotonic() - began:.0f} s, {process.memory().now_gb:.1f}{needed}")

    def _raise_if_failed(self, process: ServerProcess, seconds: float) -> None:
        name, log = self._name, process.log_tail()
        if "Address already in use" in log and not self._server.is_distributed:
            raise _PortTaken(self.address.port)
        if process.ended:
            # The launcher of ranks says 0 whatever became of them.
            status = "" if self._server.is_distributed else f" with status {process.status}"
            raise refused(f"{name} ended{status} while it loaded: {self._cause(process)}")
        if "generation thread died" in log or "Exception in thread" in log:
            raise refused(f"{name} could not load the model: {self._cause(process)}")
        if seconds > self._server.load_timeout:
            raise refused(
                f"{name} was not ready after {self._server.load_timeout:g} s: {self._cause(process)}"
            )

    def _cause(self, process: ServerProcess) -> str:
        return process.cause(self._server.weights)

    @property
    def _name(self) -> str:
        return "mlx_lm.server under mlx.launch" if self._server.is_distributed else "mlx_lm.server"

    async def _first_answer(self) -> None:
        """Ask until there is an answer; whether the process still lives is looked after elsewhere."""
        while True:
            with suppress(httpx.TransportError):
                answer = await self._ask(None)
                if answer.is_success:
                    self.version = _version(answer)
                    return
                if answer.status_code not in (404, 503):
                    raise refused(f"{self._name} answered {answer.status_code} to a first token.")
            await asyncio.sleep(0.2)

    async def _ask(self, timeout: float | None) -> httpx.Response:
        """One token. The environment's proxy has no part in it."""
        async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
            return await client.post(f"{self.address.base_url}/chat/completions", json=_ONE_TOKEN)

    async def health_problem(self) -> str:
        """What is wrong with the server, as the end of a sentence about it; empty if it answers."""
        process = self._process
        if process is None or process.ended:
            return "is gone"
        try:
            answer = await self._ask(self._server.probe_timeout)
        except httpx.TimeoutException:
            return f"gave no token within {self._server.probe_timeout:g} s"
        except httpx.TransportError:
            return "is gone" if await self._goes(process) else "cuts its connections"
        if answer.is_success:
            return ""
        dead = b"generation thread died" in answer.content or answer.status_code == 503
        return "generates no more" if dead else f"answers {answer.status_code}"

    async def _goes(self, process: ServerProcess) -> bool:
        """Whether the process ends within a moment: a connection breaks before its process is reaped."""
        for _ in range(20):
            if process.ended:
                return True
            await asyncio.sleep(0.05)
        return False

    async def stop(self) -> None:
        """End the process, if there is one, and wait until its memory is back."""
        process, self._process = self._process, None
        if process is not None:
            await process.stop(self._server.stop_timeout)
            self._peak_gb = max(self._peak_gb, process.peak_gb)


class _PortTaken(EndpointError):
    def __init__(self, port: int) -> None:
        message = f"Port {port} was taken by another program before mlx_lm.server could have it."
        super().__init__(message, kind="server", retryable=False)


def _version(answer: httpx.Response) -> str:
    """What the server says of itself: mlx-lm's version, mlx's, the platform."""
    with suppress(ValueError):
        data = answer.json()
        if isinstance(data, dict) and isinstance(data.get("system_fingerprint"), str):
            return str(data["system_fingerprint"])
    return ""


class ManagedEndpoint:
    """The endpoint of a model whose server Milo runs. `async with` starts the server and stops it."""

    def __init__(self, entry: ModelEntry, home: ServerHome, callbacks: ServerCallbacks) -> None:
        self._entry, self._clamped = drop_unsafe_sampling(entry)
        self._home = home
        self._callbacks = callbacks
        self._server = MlxServer(entry, home, callbacks)
        self._chat = OpenAIChat(self._entry, base_url=self._server.address.base_url)
        self._restarts = 0

    async def __aenter__(self) -> Self:
        assert self._entry.server is not None
        needed = (self._entry.server.memory_gb or 0) * local_share(self._entry.server)
        if needed > memory.machine_gb():
            raise refused(
                f"{needed:.4g} GB of memory are needed and this machine has {memory.machine_gb():.4g} GB."
            )
        if needed > memory.available_gb():
            free = f"{memory.available_gb():.1f} GB"
            self._callbacks.note(
                f"{needed:g} GB are needed and {free} are free: other programs hold the rest"
            )
        await self._wait_for_other_runs()
        await self._start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def _wait_for_other_runs(self) -> None:
        """Two runs on one machine would share its memory and spoil each other's figures."""
        while others := server_notes.models_of_other_runs(self._home.notes):
            self._callbacks.loading(f"another run has {', '.join(others)} loaded")
            await asyncio.sleep(_TICK)

    async def _start(self) -> None:
        await self._server.start()
        await self._chat.aclose()
        self._chat = OpenAIChat(
            self._entry, base_url=self._server.address.base_url, stream=self._entry.stream
        )

    @property
    def base_url(self) -> str:
        """The address of the present server."""
        return self._server.address.base_url

    @property
    def peak_gb(self) -> float | None:
        """The most memory that the server was seen to hold, in gigabytes."""
        return self._server.peak_gb

    def server_facts(self) -> Mapping[str, JSON]:
        """What the manifest keeps of the server."""
        server = self._entry.server
        assert server is not None
        facts: dict[str, Any] = {
            "version": self._server.version,
            "load_s": round(self._server.load_s, 3),
            "restarts": self._restarts,
            "trust_remote_code": server.trust_remote_code,
        }
        if server.is_distributed:
            facts |= {"ranks": rank_count(server), "split": "pipeline" if server.pipeline else "tensor"}
        return facts | ({"clamped": list(self._clamped)} if self._clamped else {})

    async def chat(self, request: ChatRequest, on_piece: OnPiece) -> Reply:
        """Send one request and stream the reply; a stream that broke off because the server died is an error."""
        reply = await self._chat.chat(request, on_piece)
        if not reply.complete and (problem := await self._server.health_problem()):
            message = f"mlx_lm.server {problem}: it broke off in the middle of an answer."
            raise EndpointError(message, kind="server dead", retryable=True, exchange=reply.exchange)
        return reply

    async def ensure_alive(self) -> None:
        """Ask for a token; start the server again where none comes. Raises EndpointError the third time."""
        while problem := await self._server.health_problem():
            if self._restarts == RESTARTS:
                raise refused(f"mlx_lm.server {problem} for the third time; its log may tell why.")
            self._restarts += 1
            self._callbacks.note(
                f"mlx_lm.server {problem}: started again ({self._restarts} of {RESTARTS} times)"
            )
            self._callbacks.loading("started again")
            await self._server.stop()
            await self._start()
            with suppress(EndpointError):
                await self._chat.warm_up()

    async def warm_up(self) -> float:
        """A short completion, its seconds; what compiles at a first request compiles then."""
        try:
            return await self._chat.warm_up()
        except EndpointError:
            await self.ensure_alive()
            raise

    def quota_wait(self) -> float:
        """A server of one's own has no quota."""
        return 0.0

    def is_only_kept_alive(self) -> bool:
        """Whether keep-alive comments are the last that came of the answer in hand."""
        return self._chat.is_only_kept_alive()

    def sent_keys(self) -> Mapping[str, JSON]:
        """What the manifest keeps of a request."""
        return self._chat.sent_keys()

    async def aclose(self) -> None:
        """Close the connections and stop the server, even while this task is being cancelled."""
        await self._chat.aclose()
        await asyncio.shield(self._server.stop())


def drop_unsafe_sampling(entry: ModelEntry) -> tuple[ModelEntry, tuple[str, ...]]:
    """The entry without what would kill its server, and what was left out, in words.

    A top_k that is not below the vocabulary's size ends the generation thread of every version; it restricts
    nothing, so nothing is lost without it.
    """
    size = vocabulary_size(weights_folder(entry.server.weights)) if entry.server else None
    if entry.top_k is None or size is None or entry.top_k < size:
        return entry, ()
    words = f"top_k {entry.top_k} is not sent: the vocabulary has {size} tokens, and it would kill the server"
    return entry.model_copy(update={"top_k": None}), (words,)
