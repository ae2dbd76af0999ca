"""The run's socket: snapshot and events to any number of viewers, commands back, and nobody waited for."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ModelPhase, RunPhase
from milo_tui.config import live_runs, socket_path
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.channel import QUEUED_DELTAS, Channel, ChannelError, attach
from milo_tui.runner.events import Command, Event, ModelChanged, RunChanged, Streamed
from milo_tui.runner.state import ModelState, RunState


def _state() -> RunState:
    model = ModelState(id="m", name="M", where="local")
    return RunState(
        run=14, suite="Small 1", repeats=1, categories=[], prompts=[], models={"m": model}, started=0.0
    )


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A socket's path; short, since a Unix socket's may not be long."""
    return socket_path(tmp_path_factory.mktemp("s"), 14)


async def _next(events: "asyncio.Queue[Event]") -> Event:
    return await asyncio.wait_for(events.get(), 10)


async def test_a_newcomer_gets_the_state_then_the_events(path: Path) -> None:
    state = _state()
    async with Channel(path, state, lambda command: None) as channel:
        state.apply(ModelChanged("m", ModelPhase.RUNNING))
        feed = await attach(14, path.parent)
        assert feed.state.models["m"].phase is ModelPhase.RUNNING
        channel.publish(RunChanged(RunPhase.PAUSED))
        assert await anext(feed.events()) == RunChanged(RunPhase.PAUSED)
        await feed.aclose()


async def test_many_viewers_see_the_same(path: Path) -> None:
    async with Channel(path, _state(), lambda command: None) as channel:
        feeds = [await attach(14, path.parent) for _ in range(5)]
        channel.publish(Streamed("m", StreamPiece("text", "hé \ud83d")))
        for feed in feeds:
            event = await anext(feed.events())
            assert isinstance(event, Streamed)
            assert event.piece.text.startswith("hé ")
            await feed.aclose()


async def test_commands_reach_the_runner(path: Path) -> None:
    got: asyncio.Queue[Command] = asyncio.Queue()
    async with Channel(path, _state(), got.put_nowait):
        feed = await attach(14, path.parent)
        await feed.send(Command("skip", "m"))
        assert await asyncio.wait_for(got.get(), 10) == Command("skip", "m")
        await feed.aclose()


async def test_a_command_reaches_the_runner_from_a_viewer_that_leaves_at_once_and_read_nothing(
    path: Path,
) -> None:
    got: list[Command] = []
    async with Channel(path, _state(), got.append) as channel:

        async def talk() -> None:
            while True:
                channel.publish(Streamed("m", StreamPiece("text", "word " * 100)))
                await asyncio.sleep(0)

        async def ask(number: int) -> None:
            feed = await attach(14, path.parent)
            await feed.send(Command("skip", f"m{number}"))
            await feed.aclose()

        talking = asyncio.create_task(talk())
        for number in range(50):
            # In a loop of its own, as in a process of its own: between its steps the runner's goes on.
            await asyncio.to_thread(asyncio.run, ask(number))
        talking.cancel()
    assert [command.model for command in got] == [f"m{number}" for number in range(50)]


async def test_a_viewer_that_does_not_read_loses_deltas_and_nothing_else(path: Path) -> None:
    async with Channel(path, _state(), lambda command: None) as channel:
        feed = await attach(14, path.parent)
        for number in range(10 * QUEUED_DELTAS):
            channel.publish(Streamed("m", StreamPiece("text", "x" * 500)))
            if number % 1000 == 0:
                channel.publish(ModelChanged("m", ModelPhase.RUNNING, str(number)))
        channel.publish(RunChanged(RunPhase.DONE))
        notes, deltas = [], 0
        async for event in feed.events():
            deltas += isinstance(event, Streamed)
            if isinstance(event, ModelChanged):
                notes.append(int(event.note))
            if isinstance(event, RunChanged):
                break
        await feed.aclose()
    assert notes == list(range(0, 10 * QUEUED_DELTAS, 1000))
    assert deltas < 10 * QUEUED_DELTAS


@pytest.mark.parametrize(
    "nonsense",
    [
        b'{"action": "format the disk"}',
        b'{"action": "format the disk", "model": "", "now": false}',
        b'{"action": "stop", "model": 7, "now": false}',
        b'{"action": ["stop"], "model": "", "now": false}',
        b"[" * 100_000,
        b"\xff",
        b"null",
    ],
)
async def test_nonsense_from_a_viewer_ends_that_viewer_alone(path: Path, nonsense: bytes) -> None:
    done: list[Command] = []
    async with Channel(path, _state(), done.append) as channel:
        feed = await attach(14, path.parent)
        rude = socket.socket(socket.AF_UNIX)
        rude.connect(str(path))
        rude.sendall(nonsense + b"\n")
        answered = rude.makefile("rb")
        await asyncio.to_thread(answered.read)
        rude.close()
        channel.publish(RunChanged(RunPhase.PAUSED))
        assert await anext(feed.events()) == RunChanged(RunPhase.PAUSED)
        await feed.aclose()
    assert not done


async def test_the_socket_is_private_and_goes_with_the_run(path: Path) -> None:
    async with Channel(path, _state(), lambda command: None):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert live_runs(path.parent) == [14]
    assert live_runs(path.parent) == []


async def test_a_stale_socket_is_no_run(path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(ConnectionError, match="Run 14 is not running"):
        await attach(14, path.parent)
    async with Channel(path, _state(), lambda command: None):
        await (await attach(14, path.parent)).aclose()


async def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChannelError, match="cannot be made"):
        async with Channel(tmp_path / "file" / "1.sock", _state(), lambda command: None):
            pass
