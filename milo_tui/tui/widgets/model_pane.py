"""One model in the live screen: what it is doing now, its scores so far, its running averages."""

from collections.abc import Mapping
from typing import Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message

from milo_tui.analysis.phases import MODEL_ENDED, ModelPhase
from milo_tui.analysis.record import Attempt
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    Event,
    ModelChanged,
)
from milo_tui.runner.state import ModelState, RunState
from milo_tui.runner.transcript import piece_of
from milo_tui.sanitise import one_line
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.tui import words
from milo_tui.tui.content import SIMULATED, safe_line, styled
from milo_tui.tui.progress import lane_of, waits_for
from milo_tui.tui.widgets.score_grid import ScoreGrid
from milo_tui.tui.widgets.stream_pane import StreamPane

STREAM_ROWS = 7
"""Rows a stream should keep before the grid takes more room."""
SIDE_BY_SIDE = 110
QUESTION = 500
"""Characters of the question that an attempt begins with; what two rows do not hold is folded."""

Questions = Mapping[str, tuple[str, str]]
"""By prompt: its system prompt, or "", and the user's request."""


class ModelPane(Container):
    """A frame with the stream above the grid; of a model that is done, the grid with all averages."""

    DEFAULT_CSS = """
    ModelPane { border: round $frame; border-title-color: $foreground; border-subtitle-color: $dim;
        border-subtitle-align: right; background: $background; layout: vertical; padding: 0 1; }
    ModelPane StreamPane { width: 1fr; }
    ModelPane.-chosen { border: round $frame-focus; }
    ModelPane.-done StreamPane { display: none; }
    ModelPane.-done ScoreGrid { border-top: none; }
    ModelPane.-bare ScoreGrid { display: none; }
    ModelPane.-side { layout: horizontal; }
    ModelPane.-side ScoreGrid { width: 50%; max-width: 70; border-top: none; border-left: solid $frame; padding-left: 1;
        height: 1fr; }
    """

    class Picked(Message):
        """The pane was clicked."""

        def __init__(self, model: str) -> None:
            super().__init__()
            self.model = model

    def __init__(
        self, state: RunState, model: ModelState, number: int, questions: Questions, *, by_line: bool = False
    ) -> None:
        super().__init__()
        self.state = state
        self.model = model
        self.number = number
        self._questions = questions
        self.zoomed = False
        self.stream = StreamPane(by_line=by_line)
        self.grid = ScoreGrid(state, model)
        self._titles: tuple[Content, Content] | None = None

    def compose(self) -> ComposeResult:
        """The stream, then the grid."""
        yield self.stream
        yield self.grid

    def on_mount(self) -> None:
        """A newcomer sees the attempt in hand from as far back as the snapshot reaches."""
        current = self.model.current
        if current is not None:
            self._heading(current.prompt, current.repeat, current.number)
        if self.model.transcript.dropped:
            self.stream.append("note", "the beginning is not kept for those who join late")
        for piece in self.model.transcript.pieces:
            self.stream.add(piece)
        self.sync()

    def take(self, event: Event) -> None:
        """Show what happened to this model; it is drawn at the next flush."""
        if (piece := piece_of(event)) is not None:
            self.stream.add(piece)
        match event:
            case AttemptStarted():
                self._heading(event.prompt, event.repeat, event.number)
            case AttemptFinished():
                kind: Literal["passed", "failed"] = "passed" if _passed(event.attempt) else "failed"
                self.stream.append(kind, one_line(_verdict(event)))
            case ModelChanged() if event.note and event.phase in MODEL_ENDED:
                self.stream.append("note", f"{event.phase.value}: {event.note}")
            case _:
                pass

    def flush(self) -> None:
        """Draw the stream as far as it has come."""
        self.stream.set_streaming(self.model.current is not None)
        self.stream.flush()

    def sync(self) -> None:
        """Bring titles, grid and layout up to the model's state."""
        self._choose_form()
        self.stream.hint = self._hint()
        self.grid.sync()
        self.sync_titles()

    def sync_titles(self) -> None:
        """The frame's texts; setting them repaints the frame, so only when they changed."""
        width = self.outer_size.width
        titles = self._title(width), self._subtitle(width)
        if titles != self._titles and self.size.width:
            self._titles = titles
            self.border_title, self.border_subtitle = titles

    def notify_style_update(self) -> None:
        """Another theme colours the titles anew."""
        super().notify_style_update()
        self._titles = None

    def on_resize(self) -> None:
        """Another size may take another form."""
        self.sync()

    def on_click(self) -> None:
        """A click brings a pane into focus."""
        self.post_message(self.Picked(self.model.id))

    def _choose_form(self) -> None:
        ended = self.model.phase in MODEL_ENDED and bool(self.model.attempts) and not self.zoomed
        # Who watched can go on reading the last attempt; who joined later gets all averages in its place.
        done = ended and not self.stream.transcript.rows
        side = self.zoomed and self.size.width >= SIDE_BY_SIDE
        rows = len(self.state.categories)
        room = self.content_size.height - STREAM_ROWS
        height = self.content_size.height - (0 if side else STREAM_ROWS + 1)
        if self.zoomed and not done and height >= self.grid.prompt_rows:
            self.grid.form = "prompts"
        elif done or side or (self.zoomed and room >= rows + 8):
            self.grid.form = "table"
        elif room > rows + 2:
            self.grid.form = "rows"
        else:
            self.grid.form = "compact"
        compact = self.grid.compact_rows(self.content_size.width) + 1
        self.set_class(done, "-done")
        self.set_class(side, "-side")
        nothing = not self.model.attempts and self.model.current is None
        self.set_class(nothing or (not done and not side and self.content_size.height - compact < 4), "-bare")

    def _heading(self, prompt: str, repeat: int, number: int) -> None:
        again = f" · try {number}" if number > 1 else ""
        self.stream.append("heading", f"{prompt} · {repeat} of {self.state.repeats}{again}")
        system, request = self._questions.get(prompt, ("", ""))
        if request:
            self.stream.append("question", _shortened(request))
            if system:
                self.stream.append("system", system)
            self.stream.append("request", request)

    def _hint(self) -> str:
        """What an empty stream says: why there is nothing to see yet."""
        if self.model.phase is not ModelPhase.WAITING:
            return f"{self.model.phase.value} {self.model.note}".strip()
        lane = [self.state.models[name].name for name in lane_of(self.state, self.model.id)]
        order = f"\n\nOne after another here: {' → '.join(lane)}" if len(lane) > 1 else ""
        return f"waiting: {waits_for(self.state, self.model)}{order}"

    def _title(self, width: int) -> Content:
        simulated = styled((" · simulated", "$simulated")) if self.model.simulated else Content("")
        plain = self.model.name.removesuffix(SIMULATED) if self.model.simulated else self.model.name
        name = safe_line(f"{self.number} {plain}", "bold") + simulated
        name = name.truncate(max(8, width - 6), ellipsis=True)
        room = width - name.cell_length - 9
        detail = next((text for text in self._details() if text and cell_len(text) <= room), "")
        if not detail:
            return name
        fill = "─" * (room - cell_len(detail) + 1)
        frame = "$frame-focus" if self.has_class("-chosen") else "$frame"
        return styled(name, (f" {fill} ", frame), detail)

    def _details(self) -> list[str]:
        """What the model is at, from the longest to the shortest way of saying it."""
        model, current = self.model, self.model.current
        if current is None or model.phase in MODEL_ENDED:
            if model.phase is ModelPhase.RUNNING:
                return []
            told = model.phase.value
            note = model.note if model.phase in (ModelPhase.LOADING, ModelPhase.WARMING_UP) else ""
            return [one_line(f"{told}: {note}"), told] if note else [told]
        prompt = one_line(current.prompt)
        short, place = prompt.rpartition("/")[2], f"{current.repeat} of {self.state.repeats}"
        turn = f"{place} · turn {current.turn + 1}"
        return [f"{prompt} · {turn}", f"{short} · {turn}", f"{short} · {place}", short]

    @property
    def selected(self) -> Attempt | None:
        """The ended attempt under the grid's cursor; without a cursor the one that ended last."""
        key = self.grid.selected
        if key is None:
            return next(reversed(self.model.attempts.values()), None)
        return self.model.attempts.get(key)

    def _selected_words(self, key: str) -> str:
        """The cell under the grid's cursor: its prompt and repeat, and how it ended."""
        prompt, _, repeat = key.rpartition("#")
        attempt = self.model.attempts.get(key)
        ended = "not run yet" if attempt is None else _verdict(AttemptFinished(attempt))
        return one_line(f"{prompt.rpartition('/')[2]} · {repeat} of {self.state.repeats} · {ended}")

    def _subtitle(self, width: int) -> Content:
        if (key := self.grid.selected) is not None:
            return styled((self._selected_words(key), "bold $accent")).truncate(width - 6, ellipsis=True)
        if not self.stream.follow and self.stream.display:
            below = f"{words.count(self.stream.below, 'row')} below · f follows"
            return styled(f"reading back · {below}" if width > 54 else below)
        model = self.model
        if not model.figures.scored or self.has_class("-done"):
            return Content("")
        average, speed = (
            f"{words.seconds(model.figures.latency)} avg",
            words.speed(model.figures.tokens_per_second),
        )
        ttft = f"TTFT {words.seconds(model.figures.ttft)}"
        p95 = f"p95 {words.seconds(model.figures.p95_latency)}"
        variants = [[average, p95, ttft, speed], [average, ttft, speed], [average, speed], [average]]
        fitting = [text for parts in variants if len(text := " · ".join(parts)) <= width - 6]
        return styled(fitting[0] if fitting else "")


def _shortened(question: str) -> str:
    words_ = " ".join(question.split())
    return words_ if len(words_) <= QUESTION else words_[:QUESTION].rsplit(" ", 1)[0] + " …"


def _passed(attempt: Attempt) -> bool:
    return attempt.points == POINTS_PER_PROMPT


def _verdict(event: AttemptFinished) -> str:
    """How an attempt ended, and why it lost points: "1/3 · 1.6 s · borrower missing"."""
    attempt = event.attempt
    scored = attempt.points is not None
    score = f"{attempt.points}/{POINTS_PER_PROMPT}" if scored else attempt.outcome.value
    parts = [score, words.seconds(attempt.latency), attempt.lost or attempt.error or event.reason]
    return " · ".join(part for part in parts if part and part != words.NOTHING)
