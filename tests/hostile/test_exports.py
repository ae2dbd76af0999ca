"""Where an export is written: links are followed and stay, pipes and devices are written to, drafts replace nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from milo_tui.store.export_run import write_whole


async def _text() -> AsyncIterator[str]:
    yield "a report"


async def test_a_link_stays_one_and_its_file_is_written(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(file)
    await write_whole(link, _text())
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "a report"


async def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = asyncio.create_task(asyncio.to_thread(pipe.read_text, encoding="utf-8"))
    await asyncio.to_thread(asyncio.run, write_whole(pipe, _text()))
    assert await reading == "a report"
    assert pipe.is_fifo()


async def test_a_draft_never_follows_a_link_laid_in_its_way(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    (tmp_path / f".r.html.{os.getpid()}").symlink_to(mine)
    await write_whole(tmp_path / "r.html", _text())
    assert mine.read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == "a report"
