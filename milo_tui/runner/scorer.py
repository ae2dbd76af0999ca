"""Simulated tools and scoring, which nothing that a suite or a model brings can make last.

What a suite's patterns and schemas make of a model's output may take for ever (a regular expression that backtracks,
a schema that compares every pair), and holds the interpreter while it does. In the runner's process that would stop
every model, its viewers and its signals. So the work is begun there under a timer whose signal breaks it off (`re`
looks for signals too), and what was broken off, or is large, is done in a process that a time limit can end.
"""

import asyncio
import contextlib
import pickle
import resource
import signal
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, BinaryIO, Self, TypeVar

from milo_tui import config
from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.suite.conversation import Conversation, Score, ToolCall, ToolResult
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import SimulatedTools

HERE_LIMIT = 0.05
"""Seconds of processor time for one question in the runner's own process; most take one or two milliseconds."""
CPU_LIMIT = 5.0
"""Seconds of processor time for one question in the scorer's process."""
WALL_LIMIT = 60.0
"""Seconds to wait for an answer, on a machine that is busy with models."""
_MOST_HERE = 64 * 1024
"""Characters of a model's output that the runner's own process looks at."""
_MEMORY_LIMIT = 2 << 30
_HEADER = struct.Struct(">Q")

Result = TypeVar("Result")


class TooLong(BaseException):
    """Work that the timer broke off. No Exception: nothing in the work may take it for its own."""


class Scorer:
    """Answers tool calls and scores conversations: here, and what takes longer than a moment in a process of its own.

    Use as an async context manager. The process starts when it is first needed, and anew when it was ended.
    """

    def __init__(self, here_limit: float = HERE_LIMIT, cpu_limit: float = CPU_LIMIT) -> None:
        self._here_limit = here_limit
        self._cpu_limit = cpu_limit
        self._process: asyncio.subprocess.Process | None = None
        self._known: set[str] = set()
        self._slow: set[str] = set()
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def answer(
        self, prompt: Prompt, earlier: Sequence[ToolCall], calls: Sequence[ToolCall]
    ) -> tuple[ToolResult, ...]:
        """The results of calls; `earlier` are those that the conversation made before. Raises EndpointError."""
        if not calls:
            return ()
        size = sum(len(call.arguments_text) for call in (*earlier, *calls))
        return await self._do(_answer, prompt, (tuple(earlier), tuple(calls)), size)

    async def score(self, prompt: Prompt, conversation: Conversation) -> Score:
        """The score of a conversation. Raises EndpointError where it could not be told."""
        size = sum(
            len(turn.text) + sum(len(call.arguments_text) for call in turn.calls)
            for turn in conversation.turns
        )
        return await self._do(score, prompt, (conversation,), size)

    async def _do(
        self, work: Callable[..., Result], prompt: Prompt, arguments: tuple[Any, ...], size: int
    ) -> Result:
        if size <= _MOST_HERE and prompt.name not in self._slow and _may_use_timer():
            try:
                return within(self._here_limit, work, prompt, *arguments)
            except TooLong:
                self._slow.add(prompt.name)
            except Exception as error:  # whatever a foreign suite or output brings about is told, not fatal
                raise _problem(_fault_of(error)) from None
        found: Result = await self._ask(prompt, work is score, arguments)
        return found

    async def _ask(self, prompt: Prompt, is_score: bool, arguments: tuple[Any, ...]) -> Any:
        async with self._turn:
            process = await self._started()
            known = prompt.name in self._known
            try:
                body = pickle.dumps((prompt.name, None if known else prompt, is_score, arguments))
            except (RecursionError, ValueError) as error:
                raise _problem(f"it is nested too deeply ({type(error).__name__})") from None
            try:
                async with asyncio.timeout(WALL_LIMIT):
                    done, result = await _exchange(process, body)
            except (OSError, EOFError, TimeoutError):
                await self._end()
                raise _problem(f"it took more than {self._cpu_limit:g} s or too much memory") from None
            except BaseException:
                await self._end()
                raise
            self._known.add(prompt.name)
        if not done:
            raise _problem(result)
        return result

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._known.clear()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "milo_tui.runner.scorer", str(self._cpu_limit)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # ctrl+c in the terminal is for the runner: it may still have attempts to score.
                start_new_session=True,
                env=config.server_environment(()),
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _may_use_timer() -> bool:
    return threading.current_thread() is threading.main_thread()


def within(seconds: float, work: Callable[..., Result], *arguments: Any) -> Result:
    """What the work returns. Raises TooLong after so many seconds of processor time, in the middle of the work.

    Signals reach the main thread alone: in another there is no limit.
    """
    if not _may_use_timer():
        return work(*arguments)
    working = True

    def end(signal: int, frame: FrameType | None) -> None:
        if working:
            raise TooLong

    signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        result = work(*arguments)
        working = False
    finally:
        working = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return result


def _fault_of(error: Exception) -> str:
    return f"{type(error).__name__} in a check or a tool"


def _problem(why: str) -> EndpointError:
    return EndpointError(f"The attempt could not be scored: {why}.", kind="scoring", retryable=False)


async def _exchange(process: asyncio.subprocess.Process, body: bytes) -> tuple[bool, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_HEADER.pack(len(body)) + body)
    await process.stdin.drain()
    (size,) = _HEADER.unpack(await process.stdout.readexactly(_HEADER.size))
    found: tuple[bool, Any] = pickle.loads(await process.stdout.readexactly(size))
    return found


def _answer(prompt: Prompt, earlier: Sequence[ToolCall], calls: Sequence[ToolCall]) -> tuple[ToolResult, ...]:
    tools = SimulatedTools(prompt)
    for call in earlier:
        tools.answer(call)
    return tuple(map(tools.answer, calls))


def serve(source: BinaryIO, target: BinaryIO, cpu_limit: float) -> None:
    """Answer questions until the runner is gone. One that takes more than the limit ends the process by SIGPROF."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    prompts: dict[str, Prompt] = {}
    while header := source.read(_HEADER.size):
        name, prompt, is_score, arguments = pickle.loads(source.read(_HEADER.unpack(header)[0]))
        signal.setitimer(signal.ITIMER_PROF, cpu_limit)
        if prompt is not None:
            prompts[name] = prompt
        try:
            found = (score if is_score else _answer)(prompts[name], *arguments)
            reply = pickle.dumps((True, found))
        except Exception as error:  # whatever a foreign suite or output brings about is told, not fatal
            reply = pickle.dumps((False, _fault_of(error)))
        signal.setitimer(signal.ITIMER_PROF, 0)
        target.write(_HEADER.pack(len(reply)) + reply)
        target.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[1]))
