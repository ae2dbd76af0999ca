"""What every test starts from: files of its own, no milo.toml, no key, no terminal's environment."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the machine's load is no property of the code. `--hypothesis-profile=default` looks twice as long.
settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")

INHERITED = (
    "MILO_DB",
    "XDG_RUNTIME_DIR",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "NO_COLOR",
    "TMUX",
    "SSH_CONNECTION",
)

SLOW_FIRST = ("real", "cli", "tui", "hostile")
"""Folders whose files take a minute; with xdist's own order, by the number of tests, they would come last."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that keeps new pictures of the screens."""
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="write tests/tui/snapshots anew, as the screens look now",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that wait for processes and screens, so that none of them is the last one under way."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return SLOW_FIRST.index(folder) if folder in SLOW_FIRST else len(SLOW_FIRST)

    items.sort(key=rank)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case of a test by its parameter's name where the parameter itself is too long to read."""
    return argname if isinstance(val, (str, bytes, int)) and len(ascii(val)) > 30 else None


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, and an empty working directory."""
    for name in INHERITED:
        monkeypatch.delenv(name, raising=False)
    folder, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("MILO_HOME", str(folder))
    monkeypatch.chdir(work)
    return folder
