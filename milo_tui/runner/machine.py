"""The machine that a run is made on, as its manifest remembers it. No host name, no user, no path."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

_PACKAGES = ("milo-tui", "mlx-lm", "mlx", "httpx")


def machine() -> dict[str, Any]:
    """System, processor, cores, memory in gigabytes (10^9 bytes), and the versions that could change a figure."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    if sys.platform == "darwin":
        told = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        )
        return told.stdout.strip() or platform.machine()
    return platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
