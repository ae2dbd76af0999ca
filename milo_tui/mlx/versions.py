"""What a version of mlx_lm.server loses that a later one keeps; see facts of 0.31.2 and 0.32.2 in its tests."""

import re

_FINGERPRINT = re.compile(r"(?:^|[\s,])(\d+)\.(\d+)\.(\d+)[^\s,-]*-(\d+\.\d+\.\d+)[^\s,-]*-")
"""mlx-lm's version, mlx's, then the platform: 0.32.2-0.32.4-Linux-…"""

_BEFORE_0_32 = (
    "a malformed tool call cuts the stream instead of being dropped",
    "of MiniMax's parallel calls only the first arrives, and calls without white space between them are merged",
    "control tokens are not counted, so tokens/s cannot be compared with 0.32",
    "a dead generation thread hangs every request and /health says ok",
    "code that comes with the weights runs without being allowed to",
)


def mlx_version(server: str) -> tuple[int, int, int] | None:
    """mlx-lm's version in what a server says of itself; None where it is no mlx_lm.server."""
    found = _FINGERPRINT.search(server)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def losses(server: str) -> tuple[str, ...]:
    """What is lost with the server's version, in words; nothing is known of versions from 0.32 on."""
    version = mlx_version(server)
    return _BEFORE_0_32 if version is not None and version < (0, 32, 0) else ()


def version_words(server: str) -> str:
    """One sentence about the version: "mlx-lm 0.31.2: before 0.32 …"; empty where nothing is lost."""
    version = mlx_version(server)
    lost = losses(server)
    if version is None or not lost:
        return ""
    return f"mlx-lm {'.'.join(map(str, version))} is older than 0.32: {'; '.join(lost)}"
