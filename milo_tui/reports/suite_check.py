"""What `milo prompts check` prints: the table of prompts × mutations, and a sentence for each fault."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from milo_tui.reports.text import plain
from milo_tui.suite.checking import SuiteCheck, Verdict


def render(check: SuiteCheck) -> RenderableType:
    """The table, the legend, the warnings, the errors, and the verdict."""
    parts: list[RenderableType] = [_table(check), plain(_legend())]
    parts += [plain(f"warning: {warning}") for warning in check.warnings]
    parts += [plain(f"error: {error}", "bold") for error in check.errors]
    parts.append(plain(_verdict(check), "bold"))
    return Group(*parts)


def _table(check: SuiteCheck) -> Table:
    """Mutations down, prompts across by number: 23 names do not fit across a terminal of 80."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("Mutation")
    prompts = list(check.table)
    for number, _ in enumerate(prompts, 1):
        grid.add_column(str(number), justify="right")
    for mutation in check.columns:
        grid.add_row(mutation, *(Text(check.table[prompt][mutation].verdict.sign) for prompt in prompts))
    grid.add_section()
    for number, prompt in enumerate(prompts, 1):
        grid.caption = f"{grid.caption or ''}{number} {plain(prompt).plain}\n"
    grid.caption_justify = "left"
    grid.caption_style = ""
    return grid


def _legend() -> str:
    return "   ".join(f"{verdict.sign} {verdict.value}" for verdict in Verdict)


def _verdict(check: SuiteCheck) -> str:
    tried = sum(cell.tried for row in check.table.values() for cell in row.values())
    counts = ", ".join(
        f"{check.count(verdict)} {verdict.value}" for verdict in Verdict if check.count(verdict)
    )
    state = "The suite holds" if check.ok else f"The suite does not hold: {len(check.errors)} errors"
    return (
        f"{state}: {len(check.table)} prompts, {check.wrong_ways} known-bad conversations, "
        f"{tried} mutated conversations ({counts})."
    )
