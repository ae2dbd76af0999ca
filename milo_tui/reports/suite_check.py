"""The output of `milo prompts check`: a table of prompts × mutations, and a sentence per error."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from milo_tui.reports.rich_tables import plain
from milo_tui.suite_lab.checking import SuiteCheck, Verdict
from milo_tui.suite_lab.mutations import MUTATIONS

_MOST_COLUMNS = 60
"""A suite of more prompts gets counts in place of a column for each."""

_STYLES = {
    Verdict.KILLED: "",
    Verdict.HARMLESS: "yellow",
    Verdict.SURVIVED: "bold red",
    Verdict.FREE: "",
    Verdict.COSTLY: "bold red",
    Verdict.NOT_APPLICABLE: "dim",
}
_SECTIONS = ((True, "Must cost a point"), (False, "Must cost nothing"))
_NAME = max(map(len, MUTATIONS))
_COUNT = 8


def render(check: SuiteCheck) -> RenderableType:
    """The table, the legend, the reasons, the warnings, the errors, and the verdict."""
    parts: list[RenderableType] = [_counts(check) if len(check.table) > _MOST_COLUMNS else _Matrix(check)]
    parts += [Text(), _legend(), *_reasons(check)]
    parts += [plain(f"warning: {warning}") for warning in check.warnings]
    parts += [plain(f"error: {error}", "bold red") for error in check.errors]
    parts.append(plain(_verdict(check), "bold"))
    return Group(*parts)


@dataclass(frozen=True)
class _Matrix:
    """Mutations down, prompts across by number, as many side by side as the terminal's width takes."""

    check: SuiteCheck

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        prompts = list(enumerate(self.check.table, 1))
        fitting = max(1, (options.max_width - _NAME - 1) * 2 // 5)
        for start in range(0, len(prompts), fitting):
            yield from self._band(prompts[start : start + fitting])
        for category, listed in groupby(prompts, lambda item: item[1].partition("/")[0]):
            names = ", ".join(f"{number}:{id.partition('/')[2]}" for number, id in listed)
            yield plain(f"{category}: {names}")

    def _band(self, prompts: Sequence[tuple[int, str]]) -> Iterator[Text]:
        ids = [id for _, id in prompts]
        for digits in _stacked([number for number, _ in prompts]):
            yield self._line("", [Text(digit, "bold") for digit in digits], ids)
        for harmful, title in _SECTIONS:
            yield Text(title, "bold")
            for name in (name for name, mutation in MUTATIONS.items() if mutation.harmful is harmful):
                verdicts = [self.check.table[id][name].verdict for id in ids]
                cells = [Text(verdict.sign, _STYLES[verdict]) for verdict in verdicts]
                yield self._line(name, cells, ids)
        yield Text()

    def _line(self, name: str, cells: Sequence[Text], ids: Sequence[str]) -> Text:
        """One line; a wider gap tells one category from the next."""
        line = Text(name.ljust(_NAME), no_wrap=True)
        before = None
        for cell, id in zip(cells, ids, strict=True):
            category = id.partition("/")[0]
            line.append(" " if category == before else "  ")
            line.append_text(cell)
            before = category
        return line


def _stacked(numbers: Sequence[int]) -> list[list[str]]:
    """Numbers as rows of single digits, the highest on top: columns stay one character wide."""
    width = len(str(numbers[-1]))
    return [[str(number).rjust(width)[place] for number in numbers] for place in range(width)]


def _counts(check: SuiteCheck) -> Text:
    """Mutations down, verdicts across by their signs, with the number of prompts in each cell."""
    head = "".join(verdict.sign.rjust(_COUNT) for verdict in Verdict)
    lines = [Text(f"{'Prompts'.ljust(_NAME)}{head}", "bold", no_wrap=True)]
    for name in check.columns:
        found = Counter(row[name].verdict for row in check.table.values())
        line = Text(name.ljust(_NAME), no_wrap=True)
        for verdict in Verdict:
            line.append(str(found[verdict]).rjust(_COUNT), _STYLES[verdict] if found[verdict] else "dim")
        lines.append(line)
    return Text("\n").join(lines)


def _legend() -> Text:
    parts = [Text(f"{verdict.sign} {verdict.value}", _STYLES[verdict]) for verdict in Verdict]
    return Text("   ").join(parts)


def _reasons(check: SuiteCheck) -> Iterator[Text]:
    """Why a mutation is harmless where it is, in the words of the prompt's file."""
    if len(check.table) > _MOST_COLUMNS:
        return
    for prompt, row in check.table.items():
        for name, cell in row.items():
            if cell.verdict is Verdict.HARMLESS:
                yield plain(f"harmless: {prompt}: {name}: {' '.join(cell.reason.split())}", "yellow")


def _verdict(check: SuiteCheck) -> str:
    tried = sum(cell.tried for row in check.table.values() for cell in row.values())
    counts = ", ".join(
        f"{check.count(verdict)} {verdict.value}" for verdict in Verdict if check.count(verdict)
    )
    state = (
        "The suite is sound" if check.ok else f"The suite is not sound: {_number(len(check.errors), 'error')}"
    )
    several = check.questions > len(check.table)
    variants = f" in {_number(check.questions, 'variant')}" if several else ""
    return (
        f"{state}: {_number(len(check.table), 'prompt')}{variants}, "
        f"{_number(check.wrong_ways, 'known-bad conversation')}, "
        f"{_number(tried, 'mutated conversation')}. "
        f"Of {_number(sum(map(len, check.table.values())), 'pair')} of a prompt and a mutation: {counts}."
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
