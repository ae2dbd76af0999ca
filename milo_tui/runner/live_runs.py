"""Where the sockets of runs lie that are going on."""

from pathlib import Path


def socket_path(folder: Path, run: int) -> Path:
    """Where the run's socket lies."""
    return folder / f"{run}.sock"


def live_runs(folder: Path) -> list[int]:
    """The numbers of the runs that have a socket here, newest first; a stale one fails to attach."""
    found = [int(path.stem) for path in folder.glob("*.sock") if path.stem.isdigit()]
    return sorted(found, reverse=True)
