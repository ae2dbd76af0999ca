"""A diff: what two sides did with the same prompt, call by call and value by value."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from milo_tui.bench.diffing import ConversationDiff, diff, sentence
from milo_tui.reports.diff_rows import Row, rows
from milo_tui.reports.sides import Side, SideError, Sides, against
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.cells import joined, one_line, said
from milo_tui.tui.diff_wanted import DiffWanted
from milo_tui.tui.milo_screen import MiloScreen
from milo_tui.tui.widgets.diff_lines import DiffFoot, DiffHeading, named
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.widgets.tool_call_diff import ToolCallDiff
from milo_tui.tui.words import count

if TYPE_CHECKING:
    from milo_tui.suite.conversation import Conversation
    from milo_tui.tui.app import MiloApp


class DiffScreen(MiloScreen):
    """Two sides of one prompt; steps to other prompts and repeats without going back."""

    app: "MiloApp"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "difference(1)", "Next", key_display="n N", id="diff.next", tooltip="Next difference"),
        Binding("N", "difference(-1)", "Previous difference", show=False, id="diff.previous"),
        Binding("full_stop", "prompt(1)", "Prompt", key_display=". ,", id="diff.next_prompt"),
        Binding("comma", "prompt(-1)", "Previous prompt that differs", show=False, id="diff.previous_prompt"),
        Binding("left_square_bracket", "repeat(-1)", "Repeat", key_display="[ ]", id="diff.previous_repeat"),
        Binding("right_square_bracket", "repeat(1)", "Next repeat", show=False, id="diff.next_repeat"),
        Binding("b", "side", "Side", id="diff.side", tooltip="Compare with another side"),
        Binding("tab", "swap", "Swap", key_display="tab", id="diff.swap", tooltip="Swap the sides"),
        Binding("a", "all", "All", id="diff.all", tooltip="Show what is equal, too"),
        Binding("o", "order", "Order matters, or not", show=False, id="diff.order"),
        Binding("w", "wrap", "Wrap long lines, or cut them", show=False, id="diff.wrap"),
        Binding("u", "one_column", "One column, or two", show=False, id="diff.one_column"),
        Binding("y", "copy", "Copy", show=False, id="diff.copy", tooltip="Copy the diff as text"),
        Binding("escape,q", "app.back", "Back", key_display="esc", id="diff.back"),
    ]

    def __init__(self, reader: Reader, wanted: DiffWanted, chosen: Side | None = None) -> None:
        super().__init__()
        self._reader = reader
        self._run, self._prompt = wanted.run, wanted.prompt
        self._sides = Sides(reader)
        self._sides.take(wanted.run, wanted.attempts)
        self.left = Side(wanted.run.number, wanted.model, wanted.repeat)
        self.right = against(wanted.run, self.left, chosen)
        self._choose = wanted.choose
        self._found: ConversationDiff | None = None
        self._everything = self._order_matters = False

    def compose(self) -> ComposeResult:
        diff_ = ToolCallDiff()
        yield TitleBar()
        yield Static(id="sentence")
        yield DiffHeading(diff_)
        yield diff_
        yield Static(id="no-diff")
        yield DiffFoot()
        yield KeyLine()

    @property
    def _list(self) -> ToolCallDiff:
        return self.query_one(ToolCallDiff)

    def on_mount(self) -> None:
        self._list.focus()
        self._show_modes()
        self.load()
        if self._choose:
            self.action_side()

    @work(exclusive=True, group="load", exit_on_error=False, description="")
    async def load(self, *, home: bool = True) -> None:
        """Read both sides, compare them away from the screen's own thread, and show what differs."""
        try:
            await self._sides.run(self.right.run)
            found = await self._compared(self._prompt)
        except (SideError, StoreError) as error:
            self._show_nothing(str(error))
            return
        self._show(found, await asyncio.to_thread(rows, found, everything=self._everything), home)

    async def _compared(self, prompt: str) -> ConversationDiff:
        """Compare both sides' conversations about a prompt. Raises SideError, StoreError."""
        one = await self._sides.conversation(self.left, prompt)
        other = await self._sides.conversation(self.right, prompt)
        return await asyncio.to_thread(self._diff, one, other)

    def _diff(self, one: "Conversation", other: "Conversation") -> ConversationDiff:
        names = self._sides.names(self.left, self.right)
        return diff(one, other, *names, order_matters=self._order_matters)

    def _show(self, found: ConversationDiff, made: list[Row], home: bool) -> None:
        self._found = found
        self._show_sides()
        if found.differs:
            self._say_above(sentence(found), ("~ ", "bold $warning"))
        else:
            self._say_above(f"{sentence(found)}; the answers agree", ("= ", "bold $success"))
        self._turn_to(has_rows=bool(made))
        if not made:
            self.query_one("#no-diff", Static).update(one_line(NOTHING_SAID, "$dim"))
        self._list.show(made, home=home)
        if home:
            self._list.step(1) if made and not made[0].stop else None
        self._show_place()

    def _show_nothing(self, why: str) -> None:
        """One of the sides has nothing to compare: say why, and what helps."""
        self._found = None
        self._show_sides()
        self._say_above("Nothing to compare", ("! ", "bold $warning"))
        help_ = said(
            ("\n\nb", "bold $accent"), " compares with another side    ", ("[ ]", "bold $accent"),
            " another repeat    ", (". ,", "bold $accent"), " another prompt",
        )  # fmt: skip
        self.query_one("#no-diff", Static).update(one_line(why) + help_)
        self._turn_to(has_rows=False)
        self._list.show([])
        self._show_place()

    def _turn_to(self, *, has_rows: bool) -> None:
        self._list.display = has_rows
        self.query_one("#no-diff").display = not has_rows
        if has_rows:
            self._list.focus()

    def _say_above(self, words: str, sign: tuple[str, str]) -> None:
        self.query_one("#sentence", Static).update(said(sign) + one_line(words))

    def _show_sides(self) -> None:
        prompt = next(one for one in self._run.prompts if one.id == self._prompt)
        bar = self.query_one(TitleBar)
        parts = [said(f"run {self._run.number}"), one_line(prompt.id, "bold")]
        simulated = said(("simulated", "$simulated")) if self._run.simulated else said("")
        bar.place = joined([*parts, simulated], said((" · ", "$dim")))
        bar.detail = one_line(prompt.title, "$dim")
        heading = self.query_one(DiffHeading)
        heading.show(
            *(named(self._sides, side, self._prompt, self._run.number) for side in (self.left, self.right))
        )

    @on(LineList.Moved)
    def _show_place(self) -> None:
        """How many differences there are, and which one the cursor stands on or behind."""
        stops = self._list.stops
        if self._found is None:
            status = said("")
        elif not stops:
            status = said(("= no difference", "$success"))
        else:
            passed = sum(stop <= self._list.row for stop in stops)
            status = said(f"{passed or '–'} of {count(len(stops), 'difference')}")
        self.query_one(TitleBar).status = status

    def _show_modes(self) -> None:
        shown = self._list
        modes = {
            "all": self._everything,
            "order matters": self._order_matters,
            "long lines cut": not shown.wrapped,
            "one column": shown.one_column,
        }
        self.query_one(DiffFoot).show([mode for mode, on_ in modes.items() if on_])

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        self.set_class(self._list.stacked, "-stacked")
        self._show_modes()

    def action_difference(self, step: int) -> None:
        if not self._list.step(step):
            self.app.say("There is no further difference." if step > 0 else "There is none before this one.")

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
        self._list.one_column = not self._list.one_column
        self._list.lay_out()
        self._make_room()
        self.query_one(DiffHeading).refresh(layout=True)

    def action_swap(self) -> None:
        self.left, self.right = self.right, self.left
        self.load()

    def action_repeat(self, step: int) -> None:
        """Another repeat of both sides; of two repeats of one model, the right one's."""
        if (self.left.run, self.left.model) == (self.right.run, self.right.model):
            left, right = self.left, self._stepped(self.right, step)
            if right.repeat == left.repeat:
                right = self._stepped(right, step)
        else:
            left = self._stepped(self.left, step)
            right = replace(self.right, repeat=left.repeat)
        if (left, right) == (self.left, self.right):
            self.app.say("There is no other repeat.")
            return
        self.left, self.right = left, right
        self.load()

    def _stepped(self, side: Side, step: int) -> Side:
        run = self._sides.known(side.run)
        if run is None:
            return side
        return replace(side, repeat=(side.repeat - 1 + step) % run.repeats + 1)

    @work(exclusive=True, group="load", exit_on_error=False, description="")
    async def action_prompt(self, step: int) -> None:
        """Go to the next prompt on which the sides differ."""
        ids = [prompt.id for prompt in self._run.prompts]
        here = ids.index(self._prompt)
        for distance in range(1, len(ids)):
            prompt = ids[(here + step * distance) % len(ids)]
            try:
                found = await self._compared(prompt)
            except SideError:
                continue
            except StoreError as error:
                self.app.say(str(error), severity="error")
                return
            if found.differs:
                self._prompt = prompt
                made = await asyncio.to_thread(rows, found, everything=self._everything)
                self._show(found, made, home=True)
                return
        self.app.say("On no other prompt do these two differ.")

    @work(exclusive=True, group="ask", exit_on_error=False, description="")
    async def action_side(self) -> None:
        """Ask with what the left side is compared."""
        from milo_tui.tui.screens.side_list import SideList, offers

        try:
            run = await self._sides.run(self.left.run)
            others = await self._reader.runs()
        except StoreError as error:
            self.app.say(str(error), severity="error")
            return
        listed = offers(self._sides, run, self.left, self._prompt, others)
        chosen = await self.app.push_screen_wait(SideList(listed, self.right))
        if chosen is not None:
            self.right = chosen
            self.app.compared_with(self._run.number, chosen)
            self.load()

    def action_copy(self) -> None:
        from milo_tui.reports.diff_text import render

        if self._found is not None:
            self.app.copy_text(render(self._found, everything=self._everything), "the diff as text")


NOTHING_SAID = "Neither side called a tool or said anything. . and , go to a prompt on which they differ."
