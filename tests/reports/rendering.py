"""Render a stored run in a report format, as `milo show` does."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from milo_tui.analysis.prices import Prices
from milo_tui.analysis.published import Published
from milo_tui.reports import terminal
from milo_tui.reports.formats import REPORTS
from milo_tui.reports.run_data import RunData
from milo_tui.store.queries import Reader


async def rendered(
    name: str, database: Path, number: int, *, share: bool = False, published: Published | None = None
) -> str:
    """The report's text; without prices, and without the published table unless it is given."""
    reader = await Reader.open(database)
    try:
        data = replace(await RunData.read(reader, number, Prices(()), share=share), published=published)
        return "".join([piece async for piece in REPORTS[name].render(data)])
    finally:
        await reader.aclose()


async def in_terminal(database: Path, number: int, width: int) -> str:
    """The tables as a terminal of this width shows them."""
    reader = await Reader.open(database)
    try:
        data = replace(await RunData.read(reader, number, Prices(())), published=None)
    finally:
        await reader.aclose()
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    console.print(terminal.tables(data))
    return console.export_text()
