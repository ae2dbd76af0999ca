"""Carries a plan out: lanes beside each other, retries as new attempts, pause, skip and stop."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

from milo_tui.analysis.phases import ModelPhase, RunPhase
from milo_tui.analysis.questions import question
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, RunRecord
from milo_tui.endpoints.endpoint import Endpoint, EndpointError, Supervised
from milo_tui.endpoints.failures import is_quota
from milo_tui.runner import manifests
from milo_tui.runner.attempt import CUT, Publish, RetryPolicy, RunningAttempt, quota_words
from milo_tui.runner.decider import BLOCK, Decider
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    Command,
    Event,
    ModelChanged,
    PairNarrowed,
    RunChanged,
    ServerNoted,
)
from milo_tui.runner.plan import Task, state_of, tasks_left
from milo_tui.runner.scorer import Scorer
from milo_tui.runner.transcript import Coalescer
from milo_tui.store.store import Store
from milo_tui.suite.prompt import Prompt

Result = TypeVar("Result")


OpenEndpoint = Callable[[ModelRecord], AbstractAsyncContextManager[Endpoint]]


_LOOK = 0.2
"""Seconds between two looks at an answer while the run stops."""


class _Interrupted(Exception):
    """Work that a person ended."""


class _ModelFailed(Exception):
    """A model that cannot go on; the sentence says why."""


class Runner:
    """Carries out what is left of a run. `state` is always the sum of what was published."""

    def __init__(
        self,
        run: RunRecord,
        attempts: Iterable[Attempt],
        store: Store,
        open_endpoint: OpenEndpoint,
        publish: Publish,
        retry_policy: RetryPolicy | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self.record = run
        self._attempts = list(attempts)
        self.state = state_of(run, self._attempts)
        self.state.phase = RunPhase.RUNNING
        self.state.finished = None
        self._prompts = {prompt.id: prompt for prompt in run.prompts}
        self._question = lru_cache(maxsize=256)(self._question_of)
        for prompt in run.prompts:
            self._question(prompt.id, 1)
        self._decider = Decider(run, self._attempts, self.state.lanes) if run.margin is not None else None
        self._store = store
        self._open_endpoint = open_endpoint
        self._publish_out = publish
        self._policy = retry_policy or RetryPolicy()
        self._scorer = scorer or Scorer()
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self._stopping = asyncio.Event()
        self._now = False
        self._skipped: set[str] = set()
        self._active: dict[str, asyncio.Task[Any]] = {}
        self._models = {model.id: model for model in run.models}
        self._holes = dict.fromkeys(self._models, 0)
        self._last_error: dict[str, str] = {}

    def _question_of(self, prompt: str, repeat: int) -> Prompt:
        return question(self.record, self._prompts[prompt], repeat)

    async def run(self) -> RunPhase:
        """Run every lane to its end; the phase that the run is in then.

        Raises what the store raises: a run that cannot be kept does not go on.
        """
        self._publish(RunChanged(RunPhase.RUNNING, at=time.time()))
        async with asyncio.TaskGroup() as group:
            for lane in self.state.lanes:
                group.create_task(self._lane(lane))
        phase = self._end_phase()
        finished = time.time()
        if self._decider is not None and phase is RunPhase.DONE:
            scored = sum(model.figures.scored for model in self.state.models.values())
            await self._store.set_planned(self.record.number, scored)
        await self._store.set_phase(self.record.number, phase, finished)
        self._publish(RunChanged(phase, at=finished))
        return phase

    def command(self, command: Command) -> None:
        """Do what a viewer asks."""
        if command.action == "pause" and self.state.phase is RunPhase.RUNNING:
            self._unpaused.clear()
            self._publish(RunChanged(RunPhase.PAUSED, "after the attempts in hand", time.time()))
        elif command.action == "resume" and self.state.phase is RunPhase.PAUSED:
            self._unpaused.set()
            self._publish(RunChanged(RunPhase.RUNNING, at=time.time()))
        elif command.action == "skip":
            self._skipped.add(command.model)
            if task := self._active.get(command.model):
                task.cancel()
        elif command.action == "stop":
            self.stop(now=command.now)

    def stop(self, *, now: bool) -> None:
        """End the run: after the attempts in hand, or with them."""
        if not self._stopping.is_set():
            self._publish(
                RunChanged(RunPhase.STOPPING, "" if now else "after the attempts in hand", time.time())
            )
        self._stopping.set()
        self._unpaused.set()
        if now:
            self._now = True
        for model, task in list(self._active.items()):
            if now or self.state.models[model].current is None:
                # Without an attempt in hand it loads, warms up or looks after its server.
                task.cancel()

    def _publish(self, event: Event) -> None:
        self.state.apply(event)
        self._publish_out(event)

    def _end_phase(self) -> RunPhase:
        if all(map(self._is_whole, self.state.models)):
            return RunPhase.DONE
        return RunPhase.STOPPED if self._stopping.is_set() else RunPhase.INCOMPLETE

    def _is_whole(self, model: str) -> bool:
        """Whether a model has answered all that it has to."""
        if self._decider is not None and self._decider.is_settled(model):
            return True
        return self.state.models[model].figures.scored == self.state.attempts_per_model

    async def _lane(self, models: list[str]) -> None:
        if self._decider is None:
            await self._one_after_another(models)
            return
        reached = None
        while (
            reached != (reached := [self._decider.reach(model) for model in models])
            and not self._stopping.is_set()
        ):
            await self._one_after_another([model for model in models if self._decider.is_needed(model)])
        for model in models:
            self._decider.end(model)
            if self.state.models[model].phase is ModelPhase.WAITING:
                await self._enter(model, self._left_phase(model))

    async def _one_after_another(self, models: list[str]) -> None:
        for i, model in enumerate(models):
            for waiting in models[i + 1 :]:
                lane = self._models[waiting].entry.lane
                place = "on the same machine" if lane is None else f"in the lane {lane}"
                note = f"{self._models[model].name} runs first {place}"
                self._publish(ModelChanged(waiting, ModelPhase.WAITING, note, at=time.time()))
            await self._model(model)

    async def _model(self, model: str) -> None:
        tasks = tasks_left(self.record, model, self._attempts)
        if not tasks or self._is_over(model):
            await self._enter(model, self._left_phase(model))
            return
        try:
            await self._enter(model, ModelPhase.LOADING)
            async with AsyncExitStack() as stack:
                opening = stack.enter_async_context(self._open_endpoint(self._models[model]))
                endpoint = await self._cancellable(model, opening)
                if not self._is_over(model):
                    await self._warm_up(model, endpoint)
                    await (self._ask_until_decided if self._decider else self._ask)(model, endpoint, tasks)
        except _Interrupted:
            await self._enter(model, self._left_phase(model))
        except (EndpointError, _ModelFailed) as error:
            if self._decider is not None:
                self._decider.end(model)
            await self._enter(model, ModelPhase.FAILED, str(error))
        else:
            await self._enter(model, self._left_phase(model), self._missing(model))

    def _missing(self, model: str) -> str:
        """Why a model that came to its end has not answered everything."""
        if self._left_phase(model) is ModelPhase.STOPPED and not self._stopping.is_set():
            return "no other model is left to compare it with"
        if self._left_phase(model) is not ModelPhase.FAILED:
            return ""
        scored, all = self.state.models[model].figures.scored, self.state.attempts_per_model
        return f"{all - scored} of {all} attempts have no answer: {self._last_error.get(model, '')}"

    def _left_phase(self, model: str) -> ModelPhase:
        if self._is_whole(model):
            return ModelPhase.DONE
        if model in self._skipped:
            return ModelPhase.SKIPPED
        if self._decider is not None and self._decider.is_needed(model) and not self._stopping.is_set():
            return ModelPhase.WAITING
        if self._decider is not None and not self._decider.is_needed(model):
            return ModelPhase.STOPPED
        return ModelPhase.STOPPED if self._stopping.is_set() else ModelPhase.FAILED

    async def _enter(
        self, model: str, phase: ModelPhase, note: str = "", cold_start: float | None = None
    ) -> None:
        record = replace(self._models[model], phase=phase, note=note)
        if cold_start is not None:
            record = replace(record, cold_start=cold_start)
        await self._keep(record)
        self._publish(ModelChanged(model, phase, note, cold_start, time.time()))

    async def _keep(self, record: ModelRecord) -> None:
        self._models[record.id] = record
        await self._store.update_model(self.record.number, record)

    async def _warm_up(self, model: str, endpoint: Endpoint) -> None:
        await self._enter(model, ModelPhase.WARMING_UP)
        manifest = {**self._models[model].manifest, "sent": dict(endpoint.sent_keys())}
        self._models[model] = replace(self._models[model], manifest=manifest)
        try:
            seconds = await self._patiently(model, lambda: self._cancellable(model, endpoint.warm_up()))
        except _Interrupted:
            return
        await self._note_own_server(model, endpoint)
        await self._enter(model, ModelPhase.RUNNING, cold_start=seconds)

    async def _patiently(self, model: str, ask: Callable[[], Awaitable[Result]]) -> Result:
        for failures in count(1):
            try:
                return await ask()
            except EndpointError as error:
                wait = self._policy.wait(failures, error)
                if wait is None or self._is_over(model):
                    raise
                await self._wait(model, failures, wait, error)
        raise AssertionError("a try returns or raises")

    async def _ask(self, model: str, endpoint: Endpoint, tasks: list[Task]) -> None:
        for task in tasks:
            await self._unpaused.wait()
            if self._is_over(model):
                return
            await self._until_scored(model, endpoint, task)

    async def _ask_until_decided(self, model: str, endpoint: Endpoint, tasks: list[Task]) -> None:
        """Ask in the pool's order as far as the model's pairs need it; what stayed without an answer, again later."""
        assert self._decider is not None
        queue, again = deque(tasks), set[str]()
        while queue:
            await self._unpaused.wait()
            if self._is_over(model) or not self._decider.is_needed(model):
                return
            task = queue[0]
            if not self._decider.may_ask(model, self._decider.position(task.prompt, task.repeat)):
                if self._decider.takes_turns(model):
                    return
                await self._cancellable(model, self._decider.changed())
                continue
            queue.popleft()
            if await self._until_scored(model, endpoint, task):
                continue
            last = self.state.models[model].attempts.get(task.name)
            if task.name not in again and last is not None:
                again.add(task.name)
                queue.insert(min(BLOCK, len(queue)), replace(task, number=last.number + 1))

    async def _until_scored(self, model: str, endpoint: Endpoint, task: Task) -> bool:
        """Make attempts at one task until one is scored or the policy ends; whether one was scored.

        Raises _ModelFailed where several tasks in a row stayed without an answer.
        """
        scored = await self._scored(model, endpoint, task)
        self._holes[model] = holes = 0 if scored or self._is_over(model) else self._holes[model] + 1
        if holes == self._policy.missing_in_a_row:
            reason = self._last_error[model]
            raise _ModelFailed(f"given up after {holes} prompts in a row without an answer: {reason}")
        return scored

    async def _scored(self, model: str, endpoint: Endpoint, task: Task) -> bool:
        may_repeat_cut = self._policy.tries > 1
        for failures in count(1):
            if not await self._alive(model, endpoint):
                return False
            error = await self._attempt(model, endpoint, task, may_repeat_cut)
            if error is None:
                return True
            self._last_error[model] = error.message
            may_repeat_cut = may_repeat_cut and error.kind != CUT
            if hopeless := self._policy.hopeless(error):
                raise _ModelFailed(hopeless)
            wait = self._policy.wait(failures, error)
            if wait is None or self._is_over(model):
                return False
            await self._wait(model, failures, wait, error)
            if self._is_over(model):
                return False
            task = replace(task, number=task.number + 1)
        return False

    async def _alive(self, model: str, endpoint: Endpoint) -> bool:
        """See to it that a server of Milo's own answers, outside of any attempt; False if a person ended it."""
        if not isinstance(endpoint, Supervised):
            return True
        try:
            await self._cancellable(model, endpoint.ensure_alive())
        except _Interrupted:
            return False
        if self.state.models[model].phase is ModelPhase.LOADING:
            await self._enter(model, ModelPhase.RUNNING)
        return True

    def loading(self, model: str, note: str) -> None:
        """Show how a model's server comes up; nothing of it is kept."""
        self._publish(ModelChanged(model, ModelPhase.LOADING, note, at=time.time()))

    def note(self, model: str, text: str) -> None:
        """Show something about a model's server."""
        self._publish(ServerNoted(model, text, time.time()))

    async def _attempt(
        self, model: str, endpoint: Endpoint, task: Task, may_repeat_cut: bool
    ) -> EndpointError | None:
        publish = Coalescer(self._publish)
        publish(AttemptStarted(model, task.prompt, task.repeat, task.number, time.time()))
        attempt = RunningAttempt(model, self._question(task.prompt, task.repeat), task, publish, self._scorer)
        attempt.policy, attempt.may_repeat_cut = self._policy, may_repeat_cut
        error: EndpointError | None = None
        giving_up = asyncio.create_task(self._give_up_when_stopping(model, endpoint))
        try:
            record = await self._cancellable(model, attempt.run(endpoint))
        except EndpointError as failure:
            error, record = failure, attempt.failed(failure)
        except _Interrupted:
            record = attempt.stopped()
        finally:
            giving_up.cancel()
        publish.flush()
        id = await self._store.add_attempt(self.record.number, record)
        await self._note_server(model, record, attempt.repairs)
        await self._note_own_server(model, endpoint)
        reason = "" if record.score is None else record.score.failures
        finished = replace(record.attempt, id=id)
        self._attempts.append(finished)
        publish(AttemptFinished(finished, time.time(), reason))
        if self._decider is not None:
            for pair in self._decider.add(finished):
                self._publish(PairNarrowed(replace(pair, history=())))
        return error

    async def _give_up_when_stopping(self, model: str, endpoint: Endpoint) -> None:
        """A run that stops finishes the attempt in hand, but not one of which only keep-alive comments come."""
        await self._stopping.wait()
        while not endpoint.is_only_kept_alive():
            await asyncio.sleep(_LOOK)
        if task := self._active.get(model):
            task.cancel()

    async def _cancellable(self, model: str, work: Coroutine[Any, Any, Result]) -> Result:
        """Await work that `skip` and `stop now` may cancel; then it raises _Interrupted."""
        if self._now or model in self._skipped:
            work.close()
            raise _Interrupted
        task = asyncio.create_task(work)
        self._active[model] = task
        try:
            return await task
        except asyncio.CancelledError:
            if not self._is_over(model):
                raise
            raise _Interrupted from None
        finally:
            del self._active[model]

    async def _note_server(self, model: str, record: AttemptDetail, repairs: set[str]) -> None:
        """Keep what the server showed of itself; counts that only grew are written with whatever is written next."""
        before = self._models[model]
        self._models[model] = counted = manifests.with_repairs(before, repairs)
        if (found := manifests.with_server(counted, record)) != counted:
            await self._keep(found)

    async def _note_own_server(self, model: str, endpoint: Endpoint) -> None:
        """Keep what is known of a server that Milo runs."""
        before = self._models[model]
        if (
            isinstance(endpoint, Supervised)
            and (found := manifests.with_own_server(before, endpoint)) != before
        ):
            await self._keep(found)

    async def _wait(self, model: str, failures: int, seconds: float, error: EndpointError) -> None:
        text = quota_words(seconds) if is_quota(error.status) else f"try {failures + 1} in {seconds:.1f} s"
        text = f"{text}: {error.message}"
        self._publish(ServerNoted(model, text, time.time()))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([stopping], timeout=seconds)
        stopping.cancel()

    def _is_over(self, model: str) -> bool:
        return self._stopping.is_set() or model in self._skipped
