"""A server of Milo's own against a stand-in that loads, dies, hangs and cuts as the real one was seen to.

tests/real/test_managed.py does the same with unmodified servers, as far as those can be made to fail.
"""

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from milo_tui.endpoints.endpoint import EndpointError, Supervised
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.mlx import memory, server_notes
from milo_tui.mlx import server as mlx_server
from milo_tui.mlx.memory import machine_gb
from milo_tui.mlx.process import ServerHome, ServerProcess
from milo_tui.mlx.server import ManagedEndpoint, ServerCallbacks, drop_unsafe_sampling

from ..endpoints.talking import HELLO

FAKE = Path(__file__).parents[1] / "servers" / "fake_mlx.py"


@dataclass
class Plan:
    """How one start goes: what it logs, how loading ends, and what happens after so many answers."""

    log: str = ""
    load: str = "ready"
    after: int | None = None
    then: str = ""


@dataclass
class Stage:
    """A weights' folder with plans, the entry that names it, and what the server said."""

    folder: Path
    said: list[str] = field(default_factory=list)
    loading: list[str] = field(default_factory=list)

    def plan(self, *plans: Plan) -> None:
        """What the starts do in turn."""
        (self.folder / "plan.json").write_text(json.dumps([asdict(plan) for plan in plans]))

    @property
    def starts(self) -> int:
        """How often the server was started."""
        path = self.folder / "starts"
        return len(path.read_text()) if path.exists() else 0

    def home(self, **environment: str) -> ServerHome:
        """Its files in a folder beside the weights."""
        beside = self.folder.parent
        return ServerHome(beside / "logs", beside / "servers", {**os.environ, **environment})

    def entry(self, server: dict[str, Any] | None = None, **more: Any) -> ModelEntry:
        """An entry whose interpreter is the stand-in."""
        given = {"weights": str(self.folder), "python": str(self.folder / "python"), "stop_timeout": 2}
        fields = {"id": "m", "name": "M", "protocol": "openai", "where": "local"}
        return ModelEntry.model_validate({**fields, "server": {**given, **(server or {})}, **more})

    def endpoint(self, entry: ModelEntry | None = None) -> ManagedEndpoint:
        """The endpoint, not yet started."""
        return ManagedEndpoint(
            entry or self.entry(), self.home(), ServerCallbacks(self.loading.append, self.said.append)
        )

    @property
    def processes(self) -> list[int]:
        """The stand-ins that live."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            lives = process.info["status"] != psutil.STATUS_ZOMBIE
            if lives and str(self.folder) in (process.info["cmdline"] or []):
                found.append(process.pid)
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose server comes up and answers."""
    folder = tmp_path / "weights"
    folder.mkdir()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    python.chmod(0o755)
    stage = Stage(folder)
    stage.plan(Plan())
    return stage


async def test_a_server_comes_up_answers_and_goes(stage: Stage) -> None:
    async with stage.endpoint() as endpoint:
        assert isinstance(endpoint, Supervised)
        reply = await endpoint.chat(HELLO, lambda delta: None)
        facts = endpoint.server_facts()
        assert endpoint.peak_gb
        assert len(stage.processes) == 1
        assert len(server_notes.notes(stage.home().notes)) == 1
    assert reply.text == "OK"
    assert facts["version"] == "0.31.2-0.31.1-Linux-x86_64"
    assert facts["restarts"] == 0
    assert not stage.processes
    assert not server_notes.notes(stage.home().notes)


async def test_its_command_line_holds_what_the_entry_says_and_no_more(stage: Stage) -> None:
    async with stage.endpoint():
        plain = json.loads((stage.folder / "arguments.json").read_text())[1:]
    server = {
        "prompt_cache_size": 0,
        "chat_template_args": {"a": 1},
        "trust_remote_code": True,
        "args": ["--x"],
    }
    async with stage.endpoint(stage.entry(server)):
        full = json.loads((stage.folder / "arguments.json").read_text())[1:]
    port = plain[plain.index("--port") + 1]
    assert plain[1:] == ["mlx_lm.server", "--model", str(stage.folder), "--port", port]
    assert full[6:] == [
        *("--prompt-cache-size", "0", "--chat-template-args", '{"a": 1}', "--trust-remote-code", "--x")
    ]


LOADS_BADLY = {
    "ended": (Plan("ValueError: no such model", "exit"), "mlx_lm.server ended with status 1 while it loaded"),
    "stays": (
        Plan("ERROR - mlx_lm.server generation thread died: no safetensors", "stays dead"),
        "mlx_lm.server could not load the model: no safetensors",
    ),
    "0.31": (
        Plan("Exception in thread Thread-1:\nRuntimeError: There is no Stream(cpu, 0)", "no port"),
        "mlx_lm.server could not load the model: RuntimeError: There is no Stream(cpu, 0)",
    ),
}


@pytest.mark.parametrize("name", LOADS_BADLY)
async def test_a_model_that_does_not_load_is_one_sentence(stage: Stage, name: str) -> None:
    plan, sentence = LOADS_BADLY[name]
    stage.plan(plan)
    with pytest.raises(EndpointError) as caught:
        await stage.endpoint().__aenter__()
    assert caught.value.message.startswith(sentence)
    assert caught.value.message.endswith("(log: server-m.log)")
    assert not caught.value.retryable
    assert not stage.processes


NO_FOLDER = "HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': 'x'."
OFFLINE = (
    "LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder for the specified revision."
)


@pytest.mark.parametrize(
    ("weights", "log", "sentence"),
    [
        ("/no/such/folder", NO_FOLDER, "there is no folder /no/such/folder: mend `weights`"),
        (
            "nobody/nothing",
            NO_FOLDER,
            "nobody/nothing is not whole on this machine and Hugging Face cannot be",
        ),
        ("nobody/nothing", OFFLINE, "nobody/nothing is not whole on this machine and Hugging Face cannot be"),
    ],
)
async def test_s9_weights_that_are_nowhere_are_one_sentence_of_milos(
    stage: Stage, weights: str, log: str, sentence: str
) -> None:
    """As mlx_lm.server says it, 0.31 and 0.32 alike: of a folder that is not there, and without a network."""
    (stage.folder / "said").write_text(f"ERROR - mlx_lm.server generation thread died: {log}\n")
    (stage.folder / "python").write_text(f"#!/bin/sh\ncat '{stage.folder}/said' >&2\nexit 1\n")
    with pytest.raises(EndpointError) as caught:
        await stage.endpoint(stage.entry({"weights": weights})).__aenter__()
    assert sentence in caught.value.message
    assert "Repo id must" not in caught.value.message
    assert caught.value.message.endswith("(log: server-m.log)")


async def test_a_server_that_is_never_ready_is_given_up(stage: Stage) -> None:
    stage.plan(Plan(load="no port"))
    with pytest.raises(EndpointError, match="was not ready after 1 s"):
        await stage.endpoint(stage.entry({"load_timeout": 1})).__aenter__()
    assert stage.loading
    assert not stage.processes


async def test_a_port_that_another_took_in_between_costs_another_start(stage: Stage) -> None:
    """The real server stays alive then, its model loaded, and tells it in its log alone."""
    taken = Plan("OSError: [Errno 98] Address already in use", "no port")
    stage.plan(taken, Plan())
    async with stage.endpoint() as endpoint:
        await endpoint.chat(HELLO, lambda delta: None)
    assert stage.starts == 2


async def test_an_answer_on_its_port_by_somebody_else_is_not_taken_for_its_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerProcess, "listens_on", lambda process, port: False)
    with pytest.raises(EndpointError, match="was taken by another program before"):
        await stage.endpoint().__aenter__()
    assert stage.starts == 3
    assert not stage.processes


@pytest.mark.parametrize(
    ("then", "words"), [("dead", "generates no more"), ("hang", "gave no token within 0.5 s")]
)
async def test_a_server_that_lives_and_does_not_answer_is_started_again(
    stage: Stage, then: str, words: str
) -> None:
    stage.plan(Plan(after=2, then=then), Plan())
    async with stage.endpoint(stage.entry({"probe_timeout": 0.5})) as endpoint:
        await endpoint.chat(HELLO, lambda delta: None)
        await endpoint.ensure_alive()
        await endpoint.ensure_alive()
        reply = await endpoint.chat(HELLO, lambda delta: None)
        assert endpoint.server_facts()["restarts"] == 1
    assert reply.complete
    assert stage.said == [f"mlx_lm.server {words}: started again (1 of 2 times)"]
    assert not stage.processes


async def test_the_third_time_is_the_last(stage: Stage) -> None:
    stage.plan(Plan(after=1, then="dead"))
    async with stage.endpoint() as endpoint:
        with pytest.raises(EndpointError, match="generates no more for the third time") as caught:
            await endpoint.ensure_alive()
    assert not caught.value.retryable
    assert stage.starts == 3
    assert not stage.processes


async def test_a_server_that_dies_while_it_warms_up_is_started_again_for_the_next_try(stage: Stage) -> None:
    stage.plan(Plan(after=1, then="dead"), Plan())
    async with stage.endpoint() as endpoint:
        with pytest.raises(EndpointError) as caught:
            await endpoint.warm_up()
        assert caught.value.retryable
        await endpoint.warm_up()
    assert stage.starts == 2


async def test_a_stream_that_broke_off_since_the_server_died_is_no_reply(stage: Stage) -> None:
    stage.plan(Plan(after=1, then="exit"))
    async with stage.endpoint() as endpoint:
        with pytest.raises(EndpointError, match="is gone: it broke off in the middle of an answer") as caught:
            await endpoint.chat(HELLO, lambda delta: None)
    assert caught.value.retryable
    assert caught.value.exchange is not None


async def test_a_stream_that_broke_off_on_a_server_that_lives_is_the_servers_loss(stage: Stage) -> None:
    stage.plan(Plan(then="cut"))
    async with stage.endpoint() as endpoint:
        reply = await endpoint.chat(HELLO, lambda delta: None)
        await endpoint.ensure_alive()
    assert not reply.complete
    assert stage.starts == 1


async def test_a_run_that_is_stopped_while_a_model_loads_leaves_no_process(stage: Stage) -> None:
    stage.plan(Plan(load="no port"))
    endpoint = stage.endpoint()
    opening = asyncio.create_task(endpoint.__aenter__())
    while not stage.loading:
        await asyncio.sleep(0.05)
    opening.cancel()
    with suppress(asyncio.CancelledError):
        await opening
    assert not stage.processes
    assert not server_notes.notes(stage.home().notes)


async def test_a_server_of_another_run_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [["Other"], ["Other"], []]
    monkeypatch.setattr(server_notes, "models_of_other_runs", lambda folder: others.pop(0))
    monkeypatch.setattr(mlx_server, "_TICK", 0.01)
    async with stage.endpoint():
        assert stage.loading[:2] == ["another run has Other loaded"] * 2


async def test_what_this_machine_cannot_hold_is_not_started(stage: Stage) -> None:
    entry = stage.entry({"memory_gb": 2 * machine_gb()})
    with pytest.raises(EndpointError, match=r"GB of memory are needed and this machine has"):
        await stage.endpoint(entry).__aenter__()
    assert stage.starts == 0


async def test_what_others_hold_of_the_memory_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_gb", lambda: 0.5)
    async with stage.endpoint(stage.entry({"memory_gb": 1})):
        assert stage.said == ["1 GB are needed and 0.5 GB are free: other programs hold the rest"]


@pytest.mark.parametrize(("top_k", "sent"), [(479, 479), (480, None), (10**6, None)])
def test_a_top_k_that_would_kill_the_server_is_not_sent(stage: Stage, top_k: int, sent: int | None) -> None:
    (stage.folder / "config.json").write_text('{"vocab_size": 480}')
    entry, words = drop_unsafe_sampling(stage.entry(top_k=top_k))
    assert entry.top_k == sent
    assert bool(words) == (sent is None)


def test_a_top_k_is_sent_where_the_vocabulary_is_not_known(stage: Stage) -> None:
    entry = stage.entry(top_k=10**6)
    assert drop_unsafe_sampling(entry) == (entry, ())


@pytest.mark.parametrize(
    ("server", "more", "words"),
    [
        ({"args": ["--model=x"]}, {}, "args must not hold --model=x: weights names the model"),
        ({"args": ["--trust-remote-code"]}, {}, "so that it is shown"),
        ({"pipeline": True}, {}, "pipeline needs ranks or hosts"),
        ({"ranks": 2, "hosts": "h.json"}, {}, "not both"),
        ({"ranks": 2}, {"seed": 1}, "deadlocks a distributed server"),
    ],
)
def test_what_a_server_does_not_understand_is_refused_when_milo_toml_is_read(
    stage: Stage, server: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        stage.entry(server, **more)
