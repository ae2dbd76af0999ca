"""Starts one unmodified mlx_lm.server for each tiny model, and leaves no process behind."""

import importlib
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

MODELS = Path(__file__).parent / "models"
NAMES = ("tiny-qwen3", "tiny-qwen3.5-moe", "tiny-minimax-m2")
PLATFORMS_WITH_A_WHEEL = {("Darwin", "arm64"), ("Linux", "x86_64"), ("Linux", "aarch64")}
PATIENCE = 120.0


@dataclass(frozen=True)
class Server:
    """A running mlx_lm.server."""

    name: str
    url: str
    model: Path
    log: Path


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The server of a model by the model's name, started when it is first asked for."""
    _require_mlx()
    with ExitStack() as running:
        yield cache(lambda name: running.enter_context(serving(name, tmp_path_factory.mktemp(name))))


@pytest.fixture(scope="session", params=NAMES)
def server(request: pytest.FixtureRequest, servers: Callable[[str], Server]) -> Server:
    """Each model's server in turn."""
    return servers(request.param)


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Server]:
    """Start the server of one model in a process group of its own; stop the group at the end."""
    port = _free_port()
    server = Server(name, f"http://127.0.0.1:{port}", MODELS / name, folder / "server.log")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlx_lm", "server", "--model", str(server.model), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(folder),
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, server)
        yield server
    finally:
        _stop(process)


def _require_mlx() -> None:
    """Without mlx these tests fail, lest they go unrun unnoticed; only where it has no wheel they are skipped."""
    try:
        importlib.import_module("mlx.core")
        importlib.import_module("mlx_lm")
    except ImportError as problem:
        if (platform.system(), platform.machine()) not in PLATFORMS_WITH_A_WHEEL:
            pytest.skip(f"mlx has no wheel for {platform.system()} {platform.machine()}")
        message = f"mlx_lm.server cannot be started: {problem}. Install the project with its dependencies."
        pytest.fail(message, pytrace=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(folder: Path) -> dict[str, str]:
    """Without `hub/` the server answers /v1/models with an empty body."""
    hub = folder / "hf" / "hub"
    hub.mkdir(parents=True)
    return os.environ | {
        "PYTHONUNBUFFERED": "1",
        "HF_HOME": str(hub.parent),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def _wait_until_ready(process: subprocess.Popen[bytes], server: Server) -> None:
    """Ask for one token: /health says ok before the model is loaded."""
    request = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 1}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.post(
                f"{server.url}/v1/chat/completions", json=request, timeout=PATIENCE, trust_env=False
            )
        except httpx.ConnectError:
            time.sleep(0.05)
            continue
        except httpx.TransportError:
            break
        if answer.is_success:
            return
        break
    end_of_log = server.log.read_text(encoding="utf-8", errors="replace")[-2000:]
    pytest.fail(f"mlx_lm.server did not get ready with {server.name}:\n{end_of_log}", pytrace=False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the whole group, SIGKILL to whoever is left."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=10)
        except (ProcessLookupError, PermissionError):
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=10)
