"""A runner with a real database, for the tests of what it does."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.endpoints.endpoint import Endpoint
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.runner.attempt import RetryPolicy
from milo_tui.runner.events import Event
from milo_tui.runner.plan import new_run
from milo_tui.runner.runner import Runner
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.prompt import Suite

QUICK = RetryPolicy(tries=3, first_wait=0.01, longest_wait=0.02, quota_waits=(0.01, 0.02, 0.05))


def entry(id: str, url: str, **more: object) -> ModelEntry:
    """A local OpenAI-compatible model at `url`."""
    fields = {
        "id": id,
        "name": id.title(),
        "protocol": "openai",
        "where": "local",
        "base_url": f"{url}/v1",
        **more,
    }
    return ModelEntry.model_validate(fields)


@asynccontextmanager
async def open_endpoint(model: ModelRecord) -> AsyncIterator[Endpoint]:
    """The endpoint of a model, as a run opens it."""
    endpoint = make_endpoint(model.entry)
    try:
        yield endpoint
    finally:
        await endpoint.aclose()


@dataclass
class Bench:
    """A stored run, and what its runners publish."""

    database: Path
    number: int
    events: list[Event] = field(default_factory=list)
    on_event: Callable[[Runner, Event], None] = lambda runner, event: None

    @classmethod
    async def create(
        cls, database: Path, suite: Suite, models: Sequence[ModelEntry], repeats: int = 1
    ) -> "Bench":
        """Store a run with seed 7."""
        store = await Store.open(database)
        try:
            return cls(database, await store.create_run(new_run(suite, models, repeats, 7)))
        finally:
            await store.aclose()

    async def carry_out(self, retry_policy: RetryPolicy = QUICK) -> RunPhase:
        """Do what is left."""
        reader, store = await Reader.open(self.database), await Store.open(self.database)
        try:
            run, attempts = await reader.run(self.number), await reader.attempts(self.number)
            runner = Runner(
                run, attempts, store, open_endpoint, lambda event: self._publish(runner, event), retry_policy
            )
            return await runner.run()
        finally:
            await store.aclose()
            await reader.aclose()

    def _publish(self, runner: Runner, event: Event) -> None:
        self.events.append(event)
        self.on_event(runner, event)

    async def rows(self) -> list[Attempt]:
        """What is stored."""
        reader = await Reader.open(self.database)
        try:
            return await reader.attempts(self.number)
        finally:
            await reader.aclose()

    async def record(self) -> RunRecord:
        """The run as it is stored."""
        reader = await Reader.open(self.database)
        try:
            return await reader.run(self.number)
        finally:
            await reader.aclose()

    def of(self, *kinds: type) -> list[Event]:
        """The events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]
