"""One attempt: ask, run the simulated tools, ask again, until the model answers in words or may not go on."""

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, AttemptDetail, TurnRecord
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    Clock,
    Endpoint,
    EndpointError,
    Message,
    Reply,
    StreamPiece,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.failures import is_quota
from milo_tui.runner.events import Event, ServerNoted, Streamed, ToolAnswered, TurnEnded
from milo_tui.runner.plan import Task
from milo_tui.runner.scorer import Scorer
from milo_tui.suite import json_text
from milo_tui.suite.conversation import Loss, Score, ToolCall, ToolResult
from milo_tui.suite.prompt import Prompt

Publish = Callable[[Event], None]

CUT = "cut"
"""The kind of the error for an answer that was cut off after its content had begun."""


_CLOSED_STATUSES = (401, 402, 403)
_CLOSED_KINDS = ("key", "address", "redirect")
"""What every further request would meet as well: no key, no money, no right, no such place."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try again; seconds. Waiting never lies inside a timed turn.

    `quota_waits` are for refusals by a quota that do not say how long it lasts; each gives one more try.
    """

    tries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_asked: float = 300.0
    missing_in_a_row: int = 3
    quota_waits: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 30.0)

    def wait(self, failures: int, error: EndpointError) -> float | None:
        """The wait before the next try: what the server asked for, else doubling with jitter; None: no more tries."""
        asked, quota = error.retry_after_s, is_quota(error.status)
        tries = max(self.tries, 1 + len(self.quota_waits)) if quota else self.tries
        if not error.retryable or failures >= tries or (asked or 0.0) > self.longest_asked:
            return None
        if asked is not None:
            return asked
        if quota and self.quota_waits:
            return self.quota_waits[min(failures, len(self.quota_waits)) - 1]
        doubled: float = self.first_wait * 2 ** (failures - 1)
        return min(doubled, self.longest_wait) * random.uniform(0.75, 1.0)

    def hopeless(self, error: EndpointError) -> str | None:
        """Why no further request to this model can succeed, in a sentence; None where one may."""
        if error.status in _CLOSED_STATUSES or error.kind in _CLOSED_KINDS:
            return error.message
        if (asked := error.retry_after_s or 0.0) > self.longest_asked:
            # Asking earlier than told is no use, and nobody should wait for an hour unasked.
            return f"{error.message} It asks to wait {asked:.0f} s; resume the run after that."
        return None


def quota_words(seconds: float) -> str:
    """What a view shows meanwhile."""
    return f"waiting for quota, {math.ceil(seconds)} s"


@dataclass
class RunningAttempt:
    """An attempt as it goes on. Stopped or failed in the middle, `record` still tells what there was."""

    model: str
    prompt: Prompt
    task: Task
    publish: Publish
    scorer: Scorer = field(default_factory=Scorer)
    started: float = field(default_factory=time.time)
    turns: list[TurnRecord] = field(default_factory=list)
    ended: Literal["answer", "turn limit"] = "answer"
    repairs: set[str] = field(default_factory=set)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    may_repeat_cut: bool = True

    async def run(self, endpoint: Endpoint) -> AttemptDetail:
        """Hold the conversation and score it.

        Raises EndpointError where the infrastructure failed, and with `may_repeat_cut` where an answer was cut off: a
        connection breaks now and then, but what a server cuts twice it loses.
        """
        earlier: tuple[ToolCall, ...] = ()
        messages: tuple[Message, ...] = (UserMessage(self.prompt.user),)
        specs = tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in self.prompt.tools)
        for number in range(self.prompt.max_turns):
            request = ChatRequest(messages, self.prompt.system, specs, self.task.name)
            reply = await self._ask(endpoint, request, number)
            calls = () if _ends_the_conversation(reply.loss) else reply.calls
            self.turns.append(turn_record(reply, ()))
            self.repairs.update(reply.repairs)
            if reply.loss is Loss.TRUNCATED and self.may_repeat_cut:
                raise EndpointError("The answer was cut off in the middle.", kind=CUT, retryable=True)
            results = await self.scorer.answer(self.prompt, earlier, calls)
            self.turns[-1] = replace(self.turns[-1], results=results)
            self._publish_turn(number, reply, results)
            if not results:
                break
            earlier = (*earlier, *calls)
            messages = (*messages, AssistantMessage(reply), ToolResults(results))
        else:
            self.ended = "turn limit"
        return await self.record()

    async def _ask(self, endpoint: Endpoint, request: ChatRequest, turn: int) -> Reply:
        """Ask for one turn, once it fits into the server's quota.

        A later turn that a quota refuses is asked again, since a new attempt would meet the same quota at the same
        turn. Waits are shown and lie in no turn's time.
        """
        await self._wait(min(endpoint.quota_wait(), self.policy.longest_asked))
        for failures in count(1):
            try:
                return await endpoint.chat(request, lambda piece: self._streamed(piece, turn))
            except EndpointError as error:
                wait = self.policy.wait(failures, error) if turn and is_quota(error.status) else None
                if wait is None:
                    raise
            await self._wait(wait)
        raise AssertionError("a try returns or raises")

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.publish(ServerNoted(self.model, quota_words(seconds), time.time()))
            await asyncio.sleep(seconds)

    def _streamed(self, piece: StreamPiece, turn: int) -> None:
        self.publish(Streamed(self.model, replace(piece, turn=turn)))

    def _publish_turn(self, number: int, reply: Reply, results: tuple[ToolResult, ...]) -> None:
        for call, result in zip(reply.calls, results, strict=False):
            content = json_text.show(result.content, limit=4000)
            self.publish(ToolAnswered(self.model, call.name, content, result.is_error))
        speed = self.turns[-1].decode_speed
        self.publish(
            TurnEnded(
                self.model, number, reply.clock.seconds, reply.clock.ttft_s, speed, reply.usage.output_tokens
            )
        )

    async def record(self) -> AttemptDetail:
        """The attempt as it is stored, scored by the prompt's checks."""
        losses = [turn.loss for turn in self.turns if turn.loss is not None and turn.loss is not Loss.EMPTY]
        outcome = Outcome.SERVER if any(loss.by_server for loss in losses) else Outcome.SCORED
        unscored = self._record(outcome, None, lost=str(losses[0]) if losses else "")
        result = await self.scorer.score(self.prompt, unscored.conversation)
        return self._record(outcome, result, lost=unscored.attempt.lost)

    def failed(self, error: EndpointError) -> AttemptDetail:
        """The attempt as the infrastructure ended it: never a score."""
        return self._record(Outcome.INFRASTRUCTURE, None, error=error.message)

    def stopped(self) -> AttemptDetail:
        """The attempt as a person ended it."""
        return self._record(Outcome.STOPPED, None)

    def _record(
        self, outcome: Outcome, result: Score | None, *, lost: str = "", error: str = ""
    ) -> AttemptDetail:
        seconds = [turn.clock.seconds for turn in self.turns]
        row = Attempt(
            id=0,
            model=self.model,
            prompt=self.prompt.id,
            repeat=self.task.repeat,
            number=self.task.number,
            outcome=outcome,
            points=None if result is None else result.points,
            latency=sum(value or 0.0 for value in seconds) if seconds else None,
            ttft=self.turns[0].clock.ttft_s if self.turns else None,
            tokens_per_second=self._speed(),
            input_tokens=_sum([turn.usage.input_tokens for turn in self.turns]),
            output_tokens=_sum([turn.usage.output_tokens for turn in self.turns]),
            cached_tokens=_sum([turn.usage.cached_tokens for turn in self.turns]),
            lost=lost,
            error=error,
            started=self.started,
        )
        return AttemptDetail(row, self.ended, tuple(self.turns), result)

    def _speed(self) -> float | None:
        """Decode speed over all turns that tell one: their tokens over their time."""
        tokens, seconds = 0, 0.0
        for turn in self.turns:
            count = turn.seen_tokens
            if count and (speed := turn.decode_speed):
                tokens += count - 1
                seconds += (count - 1) / speed
        return tokens / seconds if seconds else None


def _ends_the_conversation(loss: Loss | None) -> bool:
    """Whether nobody knows what the model asked for, so that there is nothing to answer it with."""
    return loss is not None and (loss.by_server or loss in (Loss.TOO_LONG, Loss.TOO_MANY_CALLS))


def _sum(values: list[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def turn_record(reply: Reply, results: tuple[ToolResult, ...]) -> TurnRecord:
    """A reply as it is stored: stamps relative to the moment that the request was sent."""
    clock = reply.clock

    def after(stamp: int | None) -> int | None:
        return None if stamp is None else stamp - clock.sent

    return TurnRecord(
        text=reply.text,
        reasoning=reply.reasoning,
        finish_reason=reply.finish_reason,
        complete=reply.complete,
        loss=reply.loss,
        calls=reply.calls,
        results=results,
        sent_at=time.time() - (time.perf_counter_ns() - clock.sent) / 1e9,
        clock=Clock(
            sent=0,
            headers=after(clock.headers),
            first_event=after(clock.first_event),
            first_reasoning=after(clock.first_reasoning),
            first_text=after(clock.first_text),
            first_tool_call=after(clock.first_tool_call),
            last_delta=after(clock.last_delta),
            end=after(clock.end),
            chunks=clock.chunks,
            arrivals=[max(0, stamp - clock.sent) // 1000 * 1000 for stamp in clock.arrivals],
        ),
        usage=reply.usage,
        quirks=reply.quirks,
        server=reply.server,
        status=reply.exchange.status,
        headers=reply.exchange.headers,
        request=reply.exchange.request,
        response=reply.exchange.response,
    )
