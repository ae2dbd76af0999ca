"""Command lines, ports and host files."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.entry import ServerEntry
from milo_tui.mlx.launch import (
    Address,
    choose_address,
    command,
    local_share,
    rank_count,
    vocabulary_size,
)


def hosts(tmp_path: Path, *names: str, **more: Any) -> str:
    """A host file of these hosts."""
    path = tmp_path / "hosts.json"
    listed = [{"ssh": name, "ips": [f"10.0.0.{i}"]} for i, name in enumerate(names, 1)]
    path.write_text(json.dumps({"hosts": listed, **more} if more else listed))
    return str(path)


def test_ranks_on_this_machine_are_started_by_the_launcher() -> None:
    server = ServerEntry(weights="org/model", ranks=2, pipeline=True)
    found = command(server, Address("127.0.0.1", 9000, 9100))
    start = found.index("mlx.launch")
    assert found[0] == sys.executable
    assert found[start : start + 8] == [
        *("mlx.launch", "-n", "2", "--backend", "ring", "--starting-port", "9100", "--")
    ]
    assert found[-5:] == ["--model", "org/model", "--port", "9000", "--pipeline"]


def test_a_first_host_elsewhere_is_where_the_server_is_reached(tmp_path: Path) -> None:
    """A bare list of hosts is a host file too; only rank 0 speaks HTTP."""
    server = ServerEntry(weights="org/model", hosts=hosts(tmp_path, "mac-1", "mac-2"), port=9000)
    address = choose_address(server)
    assert address.base_url == "http://10.0.0.1:9000/v1"
    assert command(server, address)[-2:] == ["--host", "0.0.0.0"]
    assert rank_count(server) == 2
    assert local_share(server) == 0


def test_the_backend_is_left_to_the_host_file(tmp_path: Path) -> None:
    server = ServerEntry(weights="w", hosts=hosts(tmp_path, "127.0.0.1", "mac-2", backend="jaccl"))
    found = command(server, choose_address(server))
    assert "--backend" not in found
    assert found[found.index("--hostfile") + 1] == server.hosts
    assert local_share(server) == 0.5


@pytest.mark.parametrize("text", ["{", "[]", "7", '[{"ssh": "a"}]', '[{"ips": []}, {"ips": []}]'])
def test_a_host_file_that_is_none_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hosts.json"
    path.write_text(text)
    with pytest.raises(EndpointError, match=r"is not one of mlx\.launch"):
        rank_count(ServerEntry(weights="w", hosts=str(path)))


def test_a_host_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="cannot be read: No such file"):
        choose_address(ServerEntry(weights="w", hosts=str(tmp_path / "none.json")))


def test_a_port_of_the_entry_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(EndpointError, match=f"Port {port} is taken by another program"):
            choose_address(ServerEntry(weights="w", port=port))


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ('{"vocab_size": 480}', 480),
        ('{"vocab_size": 500, "text_config": {"vocab_size": 480}}', 480),
        ('{"text_config": {}}', None),
        ("not JSON", None),
    ],
)
def test_the_vocabulary_is_read_from_the_weights_folder(
    tmp_path: Path, config: str, size: int | None
) -> None:
    (tmp_path / "config.json").write_text(config)
    assert vocabulary_size(tmp_path) == size
    assert vocabulary_size(tmp_path / "none") is None
