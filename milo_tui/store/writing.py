"""A change or two to the database, from a view that mostly reads: the writer is imported when it is made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milo_tui.store.store import Store


@asynccontextmanager
async def writing(path: Path) -> "AsyncIterator[Store]":
    """A writer for a change or two. Raises StoreError."""
    from milo_tui.store.store import Store

    store = await Store.open(path)
    try:
        yield store
    finally:
        await store.aclose()
