"""The leaderboard of a live run: a line a model, in a fixed order, as many columns as there is room for."""

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message

from milo_tui.analysis.phases import ModelPhase
from milo_tui.runner.state import ModelState, RunState
from milo_tui.tui import words
from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.progress import finished, waits_for
from milo_tui.tui.widgets.text_view import FixedLines

GAP = 2
NAME = 24
BAR = 15
WIDEST_BAR = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its cell for a model, and how early it goes when room is short (0: never)."""

    cell: Callable[[ModelState], Content]
    leaves: int = 0
    left: bool = False
    figure: bool = True
    stretches: bool = False


class Leaderboard(FixedLines):
    """The models with their figures. Where there are more than `limit`, a window around the one in focus."""

    class Picked(Message):
        """A model's line was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, state: RunState, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.state = state
        self.chosen = 0
        self.limit = 8

    def make_lines(self, width: int) -> list[Content]:
        """A line for each model shown, and one that says how many are not."""
        models = list(self.state.models.values())
        columns, widths = self._fitting(models, width)
        first, count = self._window(len(models))
        lines = [self._line(index, models[index], columns, widths) for index in range(first, first + count)]
        if count < len(models):
            lines.append(styled((f"    … {len(models) - count} more, tab goes on", "$dim")))
        return lines

    def on_click(self, event: events.Click) -> None:
        """A click on a line picks its model."""
        first, count = self._window(len(self.state.models))
        if event.y < count:
            self.post_message(self.Picked(first + event.y))

    def _window(self, models: int) -> tuple[int, int]:
        if models <= self.limit:
            return 0, models
        count = max(1, self.limit - 1)
        return min(max(0, self.chosen - count // 2), models - count), count

    def _columns(self, wide: bool) -> list[Column]:
        average = " avg" if wide else ""
        return [
            Column(self._model_name, left=True, figure=False),
            Column(self._where, leaves=3, left=True, figure=False),
            Column(lambda model: styled("━" * BAR), leaves=2, left=True, stretches=True),
            Column(lambda model: styled((f"{model.figures.points}/{model.figures.possible}", "bold"))),
            Column(lambda model: styled(_percent(model)), leaves=7),
            Column(lambda model: styled(words.seconds(model.figures.latency) + average), leaves=6),
            Column(lambda model: self._labelled("p95", words.seconds(model.figures.p95_latency)), leaves=1),
            Column(lambda model: self._labelled("TTFT", words.seconds(model.figures.ttft)), leaves=4),
            Column(lambda model: styled(words.speed(model.figures.tokens_per_second)), leaves=5),
            Column(self._progress, figure=False),
        ]

    def _fitting(self, models: list[ModelState], width: int) -> tuple[list[Column], list[int]]:
        columns = self._columns(width >= 100)
        widths = [max((column.cell(model).cell_length for model in models), default=0) for column in columns]
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
        return safe_line(model.name, "bold").truncate(NAME, ellipsis=True)

    def _where(self, model: ModelState) -> Content:
        if model.simulated:
            return styled(("simulated", "$simulated"))
        where = "API" if model.where == "api" else f"local {words.gigabytes(model.memory_gb)}".rstrip()
        return styled((where, "$dim"))

    def _bar(self, model: ModelState, width: int) -> Content:
        halves = round(2 * width * (model.figures.share or 0))
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        return styled((done, "$bar"), ("─" * (width - len(done)), "$track"))

    def _labelled(self, label: str, value: str) -> Content:
        return styled((f"{label} ", "$dim"), value.rjust(6))

    def _progress(self, model: ModelState) -> Content:
        holes = model.figures.missing
        sign, style = model.phase.sign, f"${model.phase.role}"
        if holes and model.phase is ModelPhase.DONE:
            sign, style = "◐", "bold $hole"
        return styled(f"{finished(model)}/{self.state.attempts_per_model}", (f" {sign}", style))


def _percent(model: ModelState) -> str:
    return words.percent(model.figures.share)
