"""The rooms and the direction of the arrows, and what a command may import."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_rooms_know_only_those_below() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


HEAVY = ("textual", "mlx", "mlx_lm", "jsonschema", "httpx", "pydantic", "yaml", "psutil", "rich", "asyncio")
"""What takes long to import; Milo needs each for something."""


def imported(script: str, *arguments: str) -> list[str]:
    """Which of HEAVY a new interpreter holds after a script, in a home with a milo.toml."""
    Path("milo.toml").write_text(
        '[[model]]\nid = "a"\nname = "A"\nprotocol = "openai"\nwhere = "local"\nbase_url = "http://127.0.0.1:9/v1"\n',
        encoding="utf-8",
    )
    told = f"{script}\nprint('held:', *(name for name in {HEAVY} if name in sys.modules))\n"
    done = subprocess.run(
        [sys.executable, "-c", told, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.rpartition("held:")[2].split()


COMMAND = """
import sys
from milo_tui.cli import main
sys.argv[0] = "milo"
try:
    main()
except SystemExit:
    pass
"""


SLOW = {"textual", "mlx", "mlx_lm", "jsonschema", "httpx", "yaml", "pydantic", "psutil"}


@pytest.mark.parametrize("words", [("--help",), ("runs",), ("runs", "--json")])
def test_help_and_the_list_of_runs_import_no_interface_no_endpoint_and_no_suite(
    words: tuple[str, ...],
) -> None:
    assert not SLOW & set(imported(COMMAND, *words))


def test_a_plain_run_imports_no_interface_and_nothing_while_it_goes_on() -> None:
    """A run may last for hours, and Milo be upgraded in them."""
    demo = ("-X", "importtime", "-m", "milo_tui", "demo", "--plain", "--pace", "instant", "--repeats", "1")
    done = subprocess.run([sys.executable, *demo], capture_output=True, text=True, check=True, timeout=60)
    before, running, later = done.stderr.partition(": running (cold start")
    early, late = imports_told(before), imports_told(later)
    assert running
    assert "milo_tui.reports.terminal" in early
    assert not {"textual", "mlx", "mlx_lm"} & {*early, *late}
    assert [name for name in late if name.startswith(("milo_tui", "rich", "httpx", "httpcore"))] == []


def imports_told(text: str) -> list[str]:
    """The modules that `-X importtime` tells of."""
    return [line.rpartition("|")[2].strip() for line in text.splitlines() if line.startswith("import time:")]


def test_the_apps_first_screen_imports_no_network_no_model_and_no_schema() -> None:
    script = """
import asyncio, sys
from milo_tui.config import load_settings
from milo_tui.cli.app import MiloApp

async def look():
    app = MiloApp(load_settings(models=False))
    async with app.run_test(size=(80, 24)) as pilot:
        while not app.is_open:
            await pilot.pause()
        await pilot.pause()

asyncio.run(look())
"""
    assert not (SLOW - {"textual"}) & set(imported(script))


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports within functions and under TYPE_CHECKING count as well."""
    # Raises CycleError, which names the circle.
    TopologicalSorter(imports_of(ROOT / "milo_tui")).prepare()


def imports_of(package: Path) -> dict[str, set[str]]:
    """Return the package's modules, each with those it imports."""
    files = {
        ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): file
        for file in package.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for name, file in files.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= {one if one in files else node.module for one in full}
        found[name] = (wanted & files.keys()) - {name}
    return found
