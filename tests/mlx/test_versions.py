"""What is told of a server's version."""

import pytest

from milo_tui.mlx.versions import losses, mlx_version, version_words


@pytest.mark.parametrize(
    ("server", "version"),
    [
        ("0.32.2-0.32.4-Linux-6.18.44-x86_64-with-glibc2.36-x86_64", (0, 32, 2)),
        ("other-model, 0.31.2-0.31.1-macOS-26.1-arm64-arm-64bit-applegpu_g15d", (0, 31, 2)),
        ("BaseHTTP/0.6 Python/3.11.7", None),
        ("fp_44709d6fcb", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_the_fingerprint(server: str, version: tuple[int, int, int] | None) -> None:
    assert mlx_version(server) == version


def test_an_older_version_is_told_with_what_it_loses() -> None:
    words = version_words("0.31.2-0.31.1-macOS-26.1-arm64")
    assert words.startswith("mlx-lm 0.31.2 is older than 0.32: a malformed tool call cuts the stream")
    assert "tokens/s cannot be compared" in words


def test_nothing_is_said_of_a_current_version_or_of_another_server() -> None:
    assert not version_words("0.32.2-0.32.4-Linux-x86_64")
    assert not losses("vllm")
