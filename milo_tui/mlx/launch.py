"""How a mlx_lm.server is started: its command, its ports, and what its weights' folder says of it."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milo_tui.endpoints.endpoint import LOOPBACK, EndpointError
from milo_tui.endpoints.entry import ServerEntry

_GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: its host and port, and the first port of the ring between its ranks."""

    host: str
    port: int
    ring_port: int | None = None

    @property
    def base_url(self) -> str:
        """The address of its API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v1"


def refused(message: str) -> EndpointError:
    """A server that cannot be started, and could not a second time."""
    return EndpointError(message, kind="server", retryable=False)


def choose_address(server: ServerEntry) -> Address:
    """Free ports for a server. Raises EndpointError where the entry's own port is taken."""
    host, ranks = _first_host(server), _ranks(server)
    if server.port is not None and host == LOOPBACK and not _is_free(server.port):
        raise refused(
            f"Port {server.port} is taken by another program: give another in [model.server], or leave port out."
        )
    port = server.port or free_port()
    return Address(host, port, _free_row(ranks) if server.is_distributed else None)


def free_port() -> int:
    """A port that nobody listens on now. Whoever takes it before the server does is found out at its start."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server binds: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free_row(length: int) -> int:
    """The first of so many free ports in a row: a ring takes one for each rank and address."""
    for _ in range(100):
        first = free_port()
        if first + length <= 65536 and all(_is_free(port) for port in range(first, first + length)):
            return first
    raise refused(f"No {length} free ports in a row were found for the ring.")


def host_file(server: ServerEntry) -> dict[str, Any]:
    """The host file as `mlx.launch` reads it; a bare list of hosts is one too. Raises EndpointError."""
    path = Path(server.hosts or "").expanduser()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data if isinstance(data, dict) else {"hosts": data}
        if not all(isinstance(host["ssh"], str) for host in found["hosts"]) or len(found["hosts"]) < 2:
            raise ValueError("it names fewer than two hosts")
    except OSError as error:
        raise refused(f"The host file {path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise refused(f"The host file {path} is not one of mlx.launch: {error}.") from None
    return found


def _ranks(server: ServerEntry) -> int:
    if not server.hosts:
        return server.ranks or 1
    return sum(len(host.get("ips", [])) or 1 for host in host_file(server)["hosts"])


def rank_count(server: ServerEntry) -> int:
    """How many processes serve the model together. Raises EndpointError."""
    return len(host_file(server)["hosts"]) if server.hosts else server.ranks or 1


def local_share(server: ServerEntry) -> float:
    """The part of a model that this machine holds, from 0 to 1. Raises EndpointError."""
    if not server.hosts:
        return 1.0
    hosts = host_file(server)["hosts"]
    return sum(_is_here(host) for host in hosts) / len(hosts)


def _is_here(host: dict[str, Any]) -> bool:
    return host["ssh"] in (LOOPBACK, "localhost", socket.gethostname())


def _first_host(server: ServerEntry) -> str:
    """Where rank 0 is, which alone speaks HTTP."""
    if not server.hosts:
        return LOOPBACK
    first = host_file(server)["hosts"][0]
    if _is_here(first):
        return LOOPBACK
    return str((first.get("ips") or [first["ssh"]])[0])


def command(server: ServerEntry, address: Address) -> list[str]:
    """The command line of a server, or of the launcher that starts its ranks."""
    python = str(Path(server.python).expanduser()) if server.python else sys.executable
    guarded = [python, str(_GUARD)]
    if not server.is_distributed:
        return [*guarded, "mlx_lm.server", *_options(server, address)]
    where = (
        ["--hostfile", str(Path(server.hosts).expanduser())]
        if server.hosts
        else ["-n", str(server.ranks), "--backend", "ring"]
    )
    ring = ["--starting-port", str(address.ring_port)]
    return [*guarded, "mlx.launch", *where, *ring, "--", *_rank(python), *_options(server, address)]


def _rank(python: str) -> list[str]:
    """The server as every host runs it: by the same paths on each, says mlx.launch.

    By its script, which names its interpreter itself: up to mlx 0.31 the launcher puts one before any file.
    """
    script = Path(python).with_name("mlx_lm.server")
    return [str(script)] if script.exists() else [python, "-m", "mlx_lm", "server"]


def _options(server: ServerEntry, address: Address) -> Iterator[str]:
    yield from ("--model", _weights(server.weights), "--port", str(address.port))
    if address.host != LOOPBACK:
        yield from ("--host", "0.0.0.0")
    if server.prompt_cache_size is not None:
        yield from ("--prompt-cache-size", str(server.prompt_cache_size))
    if server.chat_template_args:
        yield from ("--chat-template-args", json.dumps(server.chat_template_args))
    if server.trust_remote_code:
        yield "--trust-remote-code"
    if server.pipeline:
        yield "--pipeline"
    yield from server.args


def _weights(weights: str) -> str:
    """A folder by its whole path, a repository by its name."""
    folder = Path(weights).expanduser()
    return str(folder.absolute()) if folder.is_dir() else weights


def is_path(weights: str) -> bool:
    """Whether weights are named by their place on this machine, not by a repository of Hugging Face's."""
    return weights.startswith(("/", "~", ".")) or weights.count("/") != 1


def weights_folder(weights: str) -> Path | None:
    """The folder of the weights on this machine: as named, or in Hugging Face's cache; None where neither is."""
    folder = Path(weights).expanduser()
    if folder.is_dir():
        return folder
    try:
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - comes with mlx-lm, where that is

        found = try_to_load_from_cache(weights, "config.json")
    except (ImportError, ValueError):
        return None
    return Path(found).parent if isinstance(found, str) else None


def vocabulary_size(folder: Path | None) -> int | None:
    """The model's vocabulary as its config.json gives it, a text part's before the whole's; None if it does not."""
    if folder is None:
        return None
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    parts = [part for part in (config.get("text_config"), config) if isinstance(part, dict)]
    sizes = [part["vocab_size"] for part in parts if isinstance(part.get("vocab_size"), int)]
    return min(sizes) if sizes else None
