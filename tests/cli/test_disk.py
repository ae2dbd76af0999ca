"""A disk that is full, and files that may only be read: one sentence, and nothing that was committed is lost."""

import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from milo_tui.store.database import Database, StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from tests.cli.milo import MILO, milo
from tests.store.told import attempt, store_run, turn


async def _fill(store: Store) -> None:
    for repeat in range(1, 400):
        await store.add_attempt(1, attempt(turn(request=os.urandom(4000)), repeat=repeat, points=1))


async def test_a_full_disk_costs_the_attempt_in_hand_alone(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(path, tmp_path / "suite", repeats=400)
    database = await Database.open(path, write=True)
    store = Store(database)
    # SQLite's own limit gives the very error of a full disk: SQLITE_FULL.
    await database.fetch("PRAGMA max_page_count = 80")
    with pytest.raises(
        StoreError, match=r"the disk is full; nothing that was stored is lost\. Make room, then"
    ):
        await _fill(store)
    await database.fetch("PRAGMA max_page_count = 10000")
    await store.add_attempt(1, attempt(repeat=400, points=1))
    await store.aclose()
    reader = await Reader.open(path)
    held = [row.repeat for row in await reader.attempts(1)]
    assert held == [*range(1, len(held)), 400]
    assert 10 < len(held) < 399
    assert (await reader.summary(1)).models[0].figures.points == len(held)
    await reader.aclose()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_run_ended_by_the_disk_is_resumed_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [*MILO, "demo", "--plain", "--pace", "instant", "--repeats", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # No file may grow beyond this: the database's log comes there after some attempts.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)),
    )
    assert done.returncode == 2
    assert "the disk failed" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    held = _count()
    assert 0 < held < 60
    milo("resume", "last", "--plain")
    assert _count() == 60
    assert "✓ done" in milo("runs").stdout


def _count() -> int:
    with closing(sqlite3.connect(Path(os.environ["MILO_HOME"]) / "milo.db")) as db:
        return int(db.execute("SELECT count(*) FROM attempt").fetchone()[0])


@pytest.fixture
async def read_only(tmp_path: Path) -> AsyncIterator[Path]:
    """A database that may be read and no more, in a folder where nothing can be made."""
    folder = tmp_path / "shelf"
    await store_run(folder / "milo.db", tmp_path / "suite", attempt(turn("on the shelf")), note="kept")
    (folder / "milo.db").chmod(0o400)
    folder.chmod(0o500)
    yield folder / "milo.db"
    folder.chmod(0o700)


def _as_anybody(*words: str) -> subprocess.CompletedProcess[str]:
    """`milo` without the right of root to write wherever it likes."""
    dropped: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and setpriv, which takes that right away, is not here")
        dropped = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    return subprocess.run([*dropped, *MILO, *words], capture_output=True, text=True, check=False, timeout=120)


def test_a_database_that_may_only_be_read_is_shown(read_only: Path) -> None:
    done = _as_anybody("--db", str(read_only), "runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "kept" in done.stdout


@pytest.mark.parametrize(
    "words",
    [("demo", "--plain", "--pace", "instant"), ("bin", "1"), ("rescore", "1")],
    ids=lambda words: words[0],
)
def test_what_must_write_to_it_says_so_in_a_sentence(
    read_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = read_only.read_bytes()
    done = _as_anybody("--db", str(read_only), *words)
    assert done.returncode == 2, done
    (sentence,) = done.stderr.strip().splitlines()
    assert str(read_only) in sentence
    assert "cannot be opened for writing: permission denied" in sentence
    assert read_only.read_bytes() == before
