"""The leaderboard of a live run: a line a model, in a fixed order, as many columns as there is room for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from textual import events
from textual.content import Content
from textual.message import Message

from milo_tui.analysis.figures import Figures
from milo_tui.analysis.phases import ModelPhase
from milo_tui.analysis.prices import Price, tokens_of
from milo_tui.reports.cost_text import dollars
from milo_tui.runner.state import ModelState, RunState
from milo_tui.tui import words
from milo_tui.tui.content import SIMULATED, fit, safe_line, styled
from milo_tui.tui.progress import finished, waits_for
from milo_tui.tui.widgets.text_view import FixedLines

GAP = 2
NAME = 24
BAR = 8
WIDEST_BAR = 40


Best = Callable[[ModelState], float | None]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its label, its cell for a model, and how early it goes when room is short (0: never).

    `best` gives the value, the highest being the best, by which the best cell of the column is marked.
    """

    label: str
    cell: Callable[[ModelState], Content]
    leaves: int = 0
    left: bool = False
    figure: bool = True
    stretches: bool = False
    best: Best | None = None


class Leaderboard(FixedLines):
    """The models with their figures under labels. More models than `limit`: a window around the one in focus."""

    class Picked(Message):
        """A model's line was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(
        self, state: RunState, prices: Mapping[str, Price] | None = None, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.state = state
        self._prices = prices or {}
        self._costs: dict[str, tuple[Figures, Decimal]] = {}
        self.chosen = 0
        self.limit = 8

    def make_lines(self, width: int) -> list[Content]:
        """A line for each model shown, and one that says how many are not."""
        models = list(self.state.models.values())
        columns, widths = self._fitting(models, width)
        first, count = self._window(len(models))
        labels = [
            fit(styled((column.label, "$dim")), size, "left" if column.left else "right")
            for column, size in zip(columns, widths, strict=True)
        ]
        lines = [(Content("    ") + Content(" " * GAP).join(labels)).rstrip()]
        lines += [self._line(index, models[index], columns, widths) for index in range(first, first + count)]
        if count < len(models):
            shown = f"{first + 1}–{first + count} of {len(models)}"
            lines.append(styled((f"    {shown} models; tab goes on", "$dim")))
        return lines

    def on_click(self, event: events.Click) -> None:
        """A click on a line picks its model."""
        first, count = self._window(len(self.state.models))
        if 1 <= event.y <= count:
            self.post_message(self.Picked(first + event.y - 1))

    def _window(self, models: int) -> tuple[int, int]:
        if models <= self.limit:
            return 0, models
        count = max(1, self.limit - 1)
        return min(max(0, self.chosen - count // 2), models - count), count

    def _columns(self) -> list[Column]:
        def figure(label: str, cell: Callable[[Figures], str], leaves: int, best: Best) -> Column:
            return Column(label, lambda model: styled(cell(model.figures)), leaves, best=best)

        columns = [
            Column("model", self._model_name, left=True, figure=False),
            Column("where", self._where, leaves=1, left=True, figure=False),
            Column("progress", self._bar, leaves=3, left=True, figure=False, stretches=True),
            Column("", self._progress, left=True, figure=False),
            figure("points", lambda f: f"{f.points}/{f.possible}", 0, lambda _: None),
            figure("%", lambda f: words.percent(f.share).removesuffix(" %"), 7, lambda m: m.figures.share),
            figure("mean", lambda f: words.seconds(f.latency), 6, _least("latency")),
            figure("p95", lambda f: words.seconds(f.p95_latency), 2, _least("p95_latency")),
            figure("TTFT", lambda f: words.seconds(f.ttft), 4, _least("ttft")),
            figure(
                "tok/s",
                lambda f: words.speed(f.tokens_per_second).removesuffix(" tok/s"),
                5,
                lambda model: model.figures.tokens_per_second,
            ),
        ]
        if self._prices:
            columns.append(Column("cost so far", self._cost_text, 4, best=self._cheapness))
        return columns

    def _cost(self, model: ModelState) -> Decimal | None:
        """What the attempts that count have cost so far, in dollars; None for a model without a price."""
        price = self._prices.get(model.id)
        if price is None:
            return None
        known = self._costs.get(model.id)
        if known is None or known[0] is not model.figures:
            counted = [tokens for row in model.attempts.values() if (tokens := tokens_of(row)) is not None]
            known = model.figures, sum(map(price.cost, counted), Decimal(0))
            self._costs[model.id] = known
        return known[1]

    def _cost_text(self, model: ModelState) -> Content:
        cost = self._cost(model)
        return styled((words.NOTHING, "$dim")) if cost is None else styled(dollars(cost))

    def _cheapness(self, model: ModelState) -> float | None:
        cost = self._cost(model)
        return None if cost is None else -float(cost)

    def _fitting(self, models: list[ModelState], width: int) -> tuple[list[Column], list[int]]:
        columns = self._columns()
        widths = [
            BAR
            if column.stretches
            else max([len(column.label), *(column.cell(model).cell_length for model in models)])
            for column in columns
        ]
        room = width - 4
        while sum(widths) + GAP * len(widths) > room and any(column.leaves for column in columns):
            leaving = min((c for c in columns if c.leaves), key=lambda column: column.leaves)
            place = columns.index(leaving)
            del columns[place], widths[place]
        spare = room - sum(widths) - GAP * len(widths)
        for place, column in enumerate(columns):
            if column.stretches:
                widths[place] = max(BAR, min(WIDEST_BAR, BAR + spare))
        widths[0] = max(6, min(widths[0], room - sum(widths[1:]) - GAP * len(widths)))
        return columns, widths

    def _line(self, index: int, model: ModelState, columns: list[Column], widths: list[int]) -> Content:
        here = index == self.chosen
        parts = [styled((f"{'▸' if here else ' '}{index + 1:>2} ", "bold $accent" if here else "$dim"))]
        note = self._instead(model)
        for column, width in zip(columns, widths, strict=True):
            if note is None or not column.figure:
                cell = self._bar(model, width) if column.stretches else column.cell(model)
                cell = cell.stylize("bold underline $success") if self._is_best(column, model) else cell
                parts += [fit(cell, width, "left" if column.left else "right"), Content(" " * GAP)]
            elif note.plain:
                room = sum(w for c, w in zip(columns, widths, strict=True) if c.figure)
                gaps = GAP * (sum(column.figure for column in columns) - 1)
                parts += [fit(note, room + gaps), Content(" " * GAP)]
                note = Content("")
        return Content("").join(parts).rstrip()

    def _instead(self, model: ModelState) -> Content | None:
        """What is shown in place of figures where there are none yet."""
        if model.figures.scored:
            return None
        if model.phase is ModelPhase.RUNNING:
            return styled(("first attempt", "$dim"))
        note = waits_for(self.state, model) if model.phase is ModelPhase.WAITING else model.note
        text = f"{model.phase.value}: {note}" if note else model.phase.value
        return safe_line(text, f"${model.phase.role}")

    def _model_name(self, model: ModelState) -> Content:
        """Its name; that it is simulated stands beside it, or in the line above."""
        name = model.name.removesuffix(SIMULATED) if model.simulated else model.name
        return safe_line(name, "bold").truncate(NAME, ellipsis=True)

    def _where(self, model: ModelState) -> Content:
        if model.simulated:
            return styled(("simulated", "$simulated"))
        where = "API" if model.where == "api" else f"local {words.gigabytes(model.memory_gb)}".rstrip()
        return styled((where, "$dim"))

    def _is_best(self, column: Column, model: ModelState) -> bool:
        """Whether a model has the one best value of a column."""
        best = column.best
        if best is None or (value := best(model)) is None:
            return False
        values = [best(other) for other in self.state.models.values()]
        known = [other for other in values if other is not None]
        return len(known) > 1 and value == max(known) and known.count(value) == 1

    def _bar(self, model: ModelState, width: int = BAR) -> Content:
        """How far a model is: attempts that ended."""
        planned = self.state.attempts_per_model
        halves = round(2 * width * finished(model) / planned) if planned else 0
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        return styled((done, "$bar"), ("─" * (width - len(done)), "$track"))

    def _progress(self, model: ModelState) -> Content:
        holes = model.figures.missing
        sign, style = model.phase.sign, f"${model.phase.role}"
        if holes and model.phase is ModelPhase.DONE:
            sign, style = "◐", "bold $hole"
        return styled(f"{finished(model)}/{self.state.attempts_per_model}", (f" {sign}", style))


def _least(name: str) -> Best:
    """The figure of that name, the least being the best."""

    def value(model: ModelState) -> float | None:
        found: float | None = getattr(model.figures, name)
        return None if found is None else -found

    return value
