"""Diff: two to four sides of one prompt, compared call by call and value by value."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.timer import Timer

from milo_tui.errors import MiloError
from milo_tui.reports.diff_sides import MAX_SIDES, Side, SideError, Sides, against, every_model
from milo_tui.reports.diff_text import render
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import FindingScreen
from milo_tui.tui.content import ContentStatic, join, safe_line, styled
from milo_tui.tui.navigator import DiffStart
from milo_tui.tui.screens.side_list import SideList, offers
from milo_tui.tui.side_comparison import ColumnWindow, Compared, SingleThread, compare, rows_of
from milo_tui.tui.widgets.diff_lines import DOT, DiffFoot, DiffHeading, DiffWords, named
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.widgets.tool_call_diff import ToolCallDiff
from milo_tui.tui.words import count

NOTICEABLE = 0.2
"""Seconds after which a running comparison is shown as such."""


class DiffScreen(FindingScreen):
    """Two to four sides of one prompt, each compared with the first."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hit(1)", "Next", key_display="n N", id="diff.next", tooltip="Next difference, or hit"),
        Binding("N", "hit(-1)", "Previous difference, or hit", show=False, id="diff.previous"),
        # . and , are as they were called in 0.1: one version more.
        Binding(
            "right_curly_bracket,full_stop", "prompt(1)", "Prompt", key_display="{ }", id="diff.next_prompt"
        ),
        Binding(
            "left_curly_bracket,comma",
            "prompt(-1)",
            "Previous prompt that differs",
            show=False,
            id="diff.previous_prompt",
        ),
        Binding("left_square_bracket", "repeat(-1)", "Repeat", key_display="[ ]", id="diff.previous_repeat"),
        Binding("right_square_bracket", "repeat(1)", "Next repeat", show=False, id="diff.next_repeat"),
        Binding("b", "side", "Side", id="diff.side", tooltip="Choose the last side"),
        Binding("m", "models", "Models", id="diff.models", tooltip="All models side by side, or two again"),
        Binding("tab", "swap", "Put another side first", show=False, id="diff.swap"),
        Binding("a", "all", "All", id="diff.all", tooltip="Show equal lines, too"),
        Binding("plus", "add", "Add or remove a side", show=False, key_display="+", id="diff.add"),
        Binding("minus", "remove", "Remove the last side", show=False, key_display="-", id="diff.remove"),
        Binding("greater_than_sign,right,l", "shift(1)", "Next columns", show=False, id="diff.next_columns"),
        Binding(
            "less_than_sign,left,h", "shift(-1)", "Previous columns", show=False, id="diff.previous_columns"
        ),
        Binding("o", "order", "Order of calls matters, or not", show=False, id="diff.order"),
        Binding("w", "wrap", "Wrap long lines, or cut them", show=False, id="diff.wrap"),
        # u is as it was called in 0.1: one version more.
        Binding("v,u", "one_column", "One column, or several", show=False, id="diff.one_column"),
        FindingScreen.FIND,
        Binding("y", "copy", "Copy", show=False, id="diff.copy", tooltip="Copy the diff as text"),
        Binding("escape,q", "leave", "Back", key_display="esc", id="diff.back"),
    ]

    def __init__(self, reader: Reader, start: DiffStart, *, choose: bool = False) -> None:
        super().__init__()
        self._reader = reader
        self._run, self._prompt = start.run, start.prompt
        self._sides = Sides(reader)
        self._sides.take(start.run, start.attempts)
        first = Side(start.run.number, start.model, start.repeat)
        other = against(start.run, first, lambda side: self._sides.row(side, start.prompt) is not None)
        self.sides = [first, start.other or other]
        self._choose = choose
        self._thread = SingleThread("diff")
        self._found: Compared | None = None
        self._everything = self._order_matters = False
        self._window = ColumnWindow()
        self._columns = 0
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        diff_ = ToolCallDiff(self._thread)
        yield TitleBar()
        yield DiffWords()
        yield DiffHeading(diff_)
        yield diff_
        yield ContentStatic(id="no-diff")
        yield DiffFoot()
        yield self.filter_bar()
        yield KeyLine()

    @property
    def _list(self) -> ToolCallDiff:
        return self.query_one(ToolCallDiff)

    def on_mount(self) -> None:
        self._list.focus()
        self._columns = self._list.most_sides
        self._show_title()
        self._head(self.sides)
        self._show_modes()
        self.load()
        if self._choose:
            self.action_side()

    def on_unmount(self) -> None:
        self._thread.close()

    @work(exclusive=True, group="load", exit_on_error=False, description="")
    async def load(self, *, home: bool = True) -> None:
        """Read the sides, compare them away from the screen's own thread, and show what differs."""
        self._set_waiting()
        try:
            found = await self._compared(self._prompt)
        except (SideError, StoreError) as error:
            self._show_nothing(str(error))
        else:
            await self._show(found, home)

    async def _compared(self, prompt: str) -> Compared:
        """Compare the sides' conversations about a prompt. Raises SideError, StoreError."""
        return await compare(
            self._sides, tuple(self.sides), prompt, self._thread, order_matters=self._order_matters
        )

    def _set_waiting(self) -> None:
        """Show that a comparison is under way, unless it ends at once."""
        self._clear_waiting()
        self._waiting = self.set_timer(NOTICEABLE, self._show_waiting)

    def _clear_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = None

    def _show_waiting(self) -> None:
        self.query_one(TitleBar).status = styled(("comparing …", "$dim"))

    async def _show(self, found: Compared, home: bool) -> None:
        seen = self._window.visible(len(found.sides), self._list.most_sides)
        made = await rows_of(found, seen, self._thread, everything=self._everything)
        self._found = found
        self._show_title()
        self._head([found.sides[0], *(found.sides[place] for place in seen)])
        self._show_words(found)
        self._show_modes()
        self._clear_waiting()
        self._turn_to(has_rows=bool(made))
        if not made:
            self.query_one("#no-diff", ContentStatic).update(safe_line(NOTHING_SAID, "$dim"))
        self._list.show(made, home=home)

    def _show_words(self, found: Compared) -> None:
        sign = ("~ ", "bold $warning") if found.differs else ("= ", "bold $success")
        parts = [
            join([safe_line(f"{who}:" if who else "", "bold"), safe_line(words)], " ")
            for who, words in found.summary
        ]
        parts += [safe_line(why.removesuffix("."), "$warning") for why in found.absent]
        self._say_above(parts, sign)

    def _show_nothing(self, why: str) -> None:
        """Show why there are no two sides to compare, and which keys help."""
        self._found = None
        self._clear_waiting()
        self._show_title()
        self._head(self.sides)
        self._say_above([styled("Nothing to compare")], ("! ", "bold $warning"))
        help_ = styled(
            ("\n\nb", "bold $accent"), " choose a side    ", ("[ ]", "bold $accent"),
            " another repeat    ", ("{ }", "bold $accent"), " another prompt",
        )  # fmt: skip
        self.query_one("#no-diff", ContentStatic).update(safe_line(why) + help_)
        self._turn_to(has_rows=False)
        self._list.show([])

    def _turn_to(self, *, has_rows: bool) -> None:
        self._list.display = has_rows
        self.query_one("#no-diff").display = not has_rows
        if has_rows:
            self._list.focus()

    def _say_above(self, parts: list[Content], sign: tuple[str, str]) -> None:
        self.query_one(DiffWords).show(styled(sign), parts)

    def _show_title(self) -> None:
        prompt = next(one for one in self._run.prompts if one.id == self._prompt)
        bar = self.query_one(TitleBar)
        parts = [styled(f"run {self._run.number}"), safe_line(prompt.id, "bold")]
        simulated = styled(("simulated", "$simulated")) if self._run.simulated else styled("")
        bar.place = join([*parts, simulated], DOT)
        bar.detail = safe_line(prompt.title, "$dim")

    def _head(self, sides: Sequence[Side]) -> None:
        """Name the columns."""
        home = self._run.number
        self.query_one(DiffHeading).show([named(self._sides, side, self._prompt, home) for side in sides])

    @on(LineList.Moved)
    @on(ToolCallDiff.Shown)
    def _show_place(self) -> None:
        """Show how many differences there are, and which one the cursor is on or behind."""
        if self._waiting is not None:
            return
        stops = self._list.stops
        if self._found is None:
            status = styled("")
        elif not stops:
            status = styled((f"= no difference{' visible' if self._unseen() else ''}", "$success"))
        else:
            passed = bisect_right(stops, self._list.row)
            status = styled(f"{passed or '–'} of {count(len(stops), 'difference')}")
        self.query_one(TitleBar).status = status

    def _show_modes(self) -> None:
        shown = self._list
        modes = {
            self._unseen(): True,
            "all": self._everything,
            "order matters": self._order_matters,
            "lines cut": not shown.wrapped,
            "one column": shown.one_column,
        }
        self.query_one(DiffFoot).show([mode for mode, on_ in modes.items() if on_ and mode])

    def _unseen(self) -> str:
        """Return which columns do not fit, and the keys to see them."""
        return (
            "" if self._found is None else self._window.unseen(len(self._found.sides), self._list.most_sides)
        )

    def on_resize(self) -> None:
        """Read other rows where more or fewer columns fit now."""
        columns, self._columns = self._columns, self._list.most_sides
        self.query_one(DiffHeading).refresh(layout=True)
        self._show_modes()
        if columns != self._columns and len(self.sides) > 2:
            self.load(home=False)

    def searched(self) -> ToolCallDiff:
        return self._list

    def action_all(self) -> None:
        self._everything = not self._everything
        self._change_mode()

    def action_order(self) -> None:
        self._order_matters = not self._order_matters
        self._change_mode()

    def _change_mode(self) -> None:
        self._show_modes()
        self.load(home=True)

    def action_wrap(self) -> None:
        self._list.wrapped = not self._list.wrapped
        self._list.lay_out()
        self._show_modes()

    def action_one_column(self) -> None:
        self._list.turn()
        self._list.lay_out()
        self.on_resize()

    def action_shift(self, step: int) -> None:
        """Show other columns, where there are more than fit."""
        if self._found is None:
            return
        if self._window.shift(step, len(self._found.sides), self._list.most_sides):
            self._show_modes()
            self.load(home=False)
        else:
            self.app.say("No more sides there." if self._unseen() else "All sides are visible.")

    def action_swap(self) -> None:
        """Put the next side first: of two, swap them."""
        self._put([*self.sides[1:], self.sides[0]])

    def _put(self, sides: list[Side]) -> None:
        """Compare these."""
        self.sides = sides
        self._window.to_first()
        self.load()

    def action_models(self) -> None:
        """Show all models of the first side's run side by side; two again where they are already."""
        first = self.sides[0]
        run = self._sides.known(first.run) or self._run
        models = every_model(run, first)
        if len(models) <= 2:
            self.app.say(f"Run {run.number} has no other models; + adds other sides.")
        elif set(self.sides) == set(models[:MAX_SIDES]):
            self._put(self.sides[:2])
        else:
            if len(models) > MAX_SIDES:
                self.app.say(f"Showing {MAX_SIDES} of {len(models)} models; b and + choose others.")
            self._put(models[:MAX_SIDES])

    def action_remove(self) -> None:
        if len(self.sides) == 2:
            self.app.say("A diff needs two sides.")
        else:
            self._put(self.sides[:-1])

    def action_repeat(self, step: int) -> None:
        """Another repeat of all sides; of two repeats of one model, the second one's."""
        sides = self._sides.other_repeats(self.sides, step)
        if sides == self.sides:
            self.app.say("No other repeat.")
        else:
            self._put(sides)

    @work(exclusive=True, group="load", exit_on_error=False, description="")
    async def action_prompt(self, step: int) -> None:
        """Go to the next prompt on which the sides differ."""
        self._set_waiting()
        ids = [prompt.id for prompt in self._run.prompts]
        here = ids.index(self._prompt)
        for distance in range(1, len(ids)):
            prompt = ids[(here + step * distance) % len(ids)]
            try:
                found = await self._compared(prompt)
            except SideError:
                continue
            except MiloError as error:
                self._report(str(error), "error")
                return
            if found.differs:
                self._prompt = prompt
                await self._show(found, home=True)
                return
        self._report("These sides do not differ on any other prompt.")

    def _report(self, why: str, severity: SeverityLevel = "information") -> None:
        """Change nothing, and say why."""
        self._clear_waiting()
        self._show_place()
        self.app.say(why, severity=severity)

    async def _ask_side(self, here: Sequence[Side], *, adding: bool = False) -> Side | None:
        """Ask for a side to compare the first one with."""
        try:
            run = await self._sides.run(self.sides[0].run)
            others = await self._reader.runs()
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return None
        listed = offers(self._sides, run, self.sides[0], self._prompt, others)
        return await self.app.push_screen_wait(SideList(listed, here, adding=adding))

    @work(exclusive=True, group="ask", exit_on_error=False, description="")
    async def action_side(self) -> None:
        """Replace the last side."""
        chosen = await self._ask_side(self.sides[-1:])
        if chosen is None:
            return
        self._put([*(side for side in self.sides[:-1] if side != chosen), chosen])

    @work(exclusive=True, group="ask", exit_on_error=False, name="action_side", description="")
    async def action_add(self) -> None:
        """Add a side, or remove one."""
        chosen = await self._ask_side(self.sides[1:], adding=True)
        if chosen is None:
            return
        if chosen in self.sides:
            rest = [side for side in self.sides if side != chosen]
            self._put(rest) if len(rest) > 1 else self.app.say("A diff needs two sides.")
        elif len(self.sides) == MAX_SIDES:
            self.app.say(f"A diff has at most {MAX_SIDES} sides; - removes the last one.")
        else:
            self._put([*self.sides, chosen])
            self._window.to_last()

    @work(exclusive=True, group="copy", exit_on_error=False, description="")
    async def action_copy(self) -> None:
        if self._found is not None:
            text = await self._thread.run(render, self._found.diffs, everything=self._everything)
            self.app.copy_text(text, "the diff as text")


NOTHING_SAID = "No side called a tool or answered. { and } go to the next prompt that differs."
