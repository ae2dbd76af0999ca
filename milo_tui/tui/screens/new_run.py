"""New run: choose models, categories and repeats, and see what the run will take."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from milo_tui.analysis.estimate import estimates, expected_repeats
from milo_tui.analysis.prices import PriceError, load_prices
from milo_tui.analysis.record import RunRecord
from milo_tui.config import ConfigError, Settings, data_folder
from milo_tui.endpoints.discovery import check_reachable
from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.presets import PresetError
from milo_tui.errors import MiloError
from milo_tui.mlx.memory import machine_gb
from milo_tui.reports.cost_text import estimate_lines
from milo_tui.reports.decision_text import deciding_words
from milo_tui.runner.fitting import cannot_fit, plan_lines
from milo_tui.runner.plan import PlanError, Rule, lanes, new_run, part_of, sampling_text
from milo_tui.store.queries import Reader
from milo_tui.suite.loading import SuiteError, load_suite
from milo_tui.suite.prompt import Suite
from milo_tui.suite.variants import PUBLIC_POOL
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.content import ContentStatic, join, safe_line, styled
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.offers import Offer, known_offers, server_offers, written
from milo_tui.tui.widgets.choices import CategoryChoices, Choices, ModelChoices
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.words import count

MOST_REPEATS = 20
POOL_QUESTIONS = 400
"""Questions of the pool of a run that decides."""
PROBE_EVERY = 5.0
"""Seconds between two checks of whether a model answers."""


class NewRunScreen(BaseScreen):
    """Chooses what to run."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "begin", "Start", id="new.begin"),
        Binding("tab", "app.focus_next", "Other list", key_display="tab", id="new.other"),
        Binding(
            "plus,equals_sign,right_square_bracket", "repeats(1)", "Repeats", key_display="+ -", id="new.more"
        ),
        Binding("minus,left_square_bracket", "repeats(-1)", "Fewer repeats", show=False, id="new.fewer"),
        Binding(
            "d", "decide", "Decide", id="new.decide", tooltip="Ask until it is clear which model is better"
        ),
        Binding(
            "w", "write", "Write milo.toml", id="new.write", tooltip="Add the chosen models to milo.toml"
        ),
        Binding("escape,q", "app.back", "Back", key_display="esc", id="new.back"),
    ]

    def __init__(self, reader: Reader, settings: Settings, navigator: Navigator) -> None:
        super().__init__()
        self._reader = reader
        self._settings = settings
        self._navigator = navigator
        self._suite: Suite | None = None
        self._repeats = 3
        self._decides = False
        self._past: dict[str, float] = {}
        self._looking = ""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="choosing"):
            with Vertical(id="models-side"):
                yield ContentStatic(styled(("models", "bold")), classes="side-title")
                yield ModelChoices("models")
            with Vertical(id="suite-side"):
                yield ContentStatic(styled(("suite", "bold")), classes="side-title", id="suite-title")
                yield CategoryChoices("categories")
                yield ContentStatic(id="how")
        yield ContentStatic(id="plan")
        yield KeyLine()

    @property
    def models(self) -> ModelChoices:
        """The list at the left."""
        return self.query_one(ModelChoices)

    @property
    def categories(self) -> CategoryChoices:
        """The list at the right."""
        return self.query_one(CategoryChoices)

    def on_mount(self) -> None:
        self.query_one(TitleBar).place = styled("new run")
        self.models.focus()
        self._load()
        self.set_interval(PROBE_EVERY, self._probe)

    @work(exclusive=True, group="offers", description="")
    async def _load(self) -> None:
        """Read the suite, find what can be run, and what it took before."""
        try:
            suite = await asyncio.to_thread(load_suite, data_folder("prompts") / "milo")
        except SuiteError as error:
            self.app.say(str(error.problems[0]), severity="error")
            return
        self._suite = suite
        titles = [(category.id, category.title) for category in suite.file.categories]
        counts = {id: sum(prompt.category == id for prompt in suite.prompts) for id, _ in titles}
        self.categories.show([(id, title, counts[id]) for id, title in titles if counts[id]])
        self.query_one("#suite-title", ContentStatic).update(
            safe_line(f"{suite.file.title} {suite.file.version}", "bold")
        )
        try:
            configured = self._settings.with_models().models
        except ConfigError as error:
            self.app.say(str(error), severity="error")
            configured = ()
        known = known_offers(configured)
        self.models.show(known, set())
        self._probe()
        if not configured:
            self._looking = "Looking for model servers on this machine …"
            self._show_plan()
            found = await server_offers()
            self._looking = "" if found else "No model server answers on this machine."
            self.models.show([*found, *known], {len(found) + place for place in self.models.chosen})
            self._probe()
        try:
            self._past = await self._reader.past_latencies()
        except MiloError as error:
            self.app.say(str(error), severity="error")
        self._show_plan()

    @work(exclusive=True, group="probe", description="")
    async def _probe(self) -> None:
        """Check which models answer now. Those that do the first time are ticked, but for simulated ones."""
        await asyncio.gather(*(self._probe_one(offer.entry) for offer in self.models.offers))

    async def _probe_one(self, entry: ModelEntry) -> None:
        answers, why = await check_reachable(entry)
        models = self.models
        if answers and not entry.is_simulated and entry.id not in models.reached:
            models.chosen |= {i for i, offer in enumerate(models.offers) if offer.entry is entry}
        models.reached[entry.id] = answers, why
        models.refresh()
        self._show_plan()

    @property
    def chosen(self) -> list[Offer]:
        """The ticked models."""
        return [offer for i, offer in enumerate(self.models.offers) if i in self.models.chosen]

    def _part(self) -> Suite | None:
        """The suite with the ticked categories; None where there are none."""
        chosen = [
            id for i, (id, _, _) in enumerate(self.categories.categories) if i in self.categories.chosen
        ]
        return part_of(self._suite, chosen, []) if self._suite is not None and chosen else None

    @on(Choices.Changed)
    def _changed(self) -> None:
        self._show_plan()

    @on(ModelChoices.Moved)
    def _moved(self) -> None:
        self._show_plan()

    def _show_plan(self) -> None:
        how = (
            (
                ("deciding", "bold"),
                (": different questions until it is clear who is better, or as good within 5 %", "$dim"),
            )
            if self._decides
            else (
                (count(self._repeats, "repeat"), "bold"),
                (" of each prompt, shuffled, in the same order for every model", "$dim"),
            )
        )
        self.query_one("#how", ContentStatic).update(styled(*how))
        self.query_one("#plan", ContentStatic).update(join(self._plan(), "\n"))

    def _plan(self) -> list[Content]:
        part, entries = self._part(), [offer.entry for offer in self.chosen]
        lines = [line for line in (self._current(), styled((self._looking, "$warning"))) if line.plain]
        if part is None or not entries:
            return [*lines, styled("Choose at least one model and one category (space).")]
        try:
            record = self._record(part, entries)
        except PlanError as error:
            return [*lines, safe_line(str(error), "$error")]
        repeats = expected_repeats(record)
        attempts = round(len(part.prompts) * repeats)
        if self._decides:
            lines.append(styled(f"{deciding_words(record)} {self._time(attempts)}"))
        else:
            lines.append(
                styled(
                    (f"{len(entries) * attempts} attempts", "bold"),
                    f": {attempts} for each model. {self._time(attempts)}",
                )
            )
        try:
            refused = cannot_fit(entries, machine_gb())
            lines += [safe_line(text, "$error") for text in refused]
            lines += [safe_line(text) for text in plan_lines(entries, machine_gb())]
            prices = load_prices(self._settings.prices)
            lines += [
                safe_line(text) for text in estimate_lines(estimates(entries, part.prompts, repeats, prices))
            ]
        except (EndpointError, PriceError) as error:
            lines.append(safe_line(str(error), "$error"))
        return lines

    def _current(self) -> Content:
        """The model under the cursor in full."""
        if not self.models.offers:
            return Content("")
        entry = self.models.offers[self.models.cursor].entry
        trust = bool(entry.server and entry.server.trust_remote_code)
        return join(
            [
                safe_line(entry.name, "bold"),
                safe_line(
                    entry.base_url or (entry.server.weights if entry.server else "") or entry.model or "",
                    "$dim",
                ),
                safe_line(sampling_text(entry), "$dim"),
                styled(("runs code from its weights folder (trust_remote_code)", "bold $error"))
                if trust
                else Content(""),
            ],
            "  ",
        )

    def _time(self, attempts: int) -> str:
        """Estimate the time from earlier runs: lanes run side by side, the models of a lane in turn."""
        entries = [offer.entry for offer in self.chosen]
        if any(entry.id not in self._past for entry in entries):
            return "Time unknown: no earlier run of these models."
        longest = max(sum(self._past[id] for id in lane) for lane in lanes(entries)) * attempts
        minutes = longest / 60
        return (
            f"~{minutes:.0f} min, judging by earlier runs."
            if minutes >= 1
            else "Under a minute, judging by earlier runs."
        )

    def action_repeats(self, step: int) -> None:
        self._repeats = max(1, min(MOST_REPEATS, self._repeats + step))
        self._show_plan()

    def action_begin(self) -> None:
        """Start, unless nothing is chosen, a model does not answer, or the memory does not suffice."""
        part, entries = self._part(), [offer.entry for offer in self.chosen]
        if part is None or not entries:
            self.app.say("Choose at least one model and one category (space).")
            return
        try:
            refused = cannot_fit(entries, machine_gb())
        except EndpointError as error:
            refused = [error.message]
        answers = {entry.name: self.models.reached.get(entry.id, (True, "")) for entry in entries}
        refused += [f"{name}: {why}." for name, (fine, why) in answers.items() if not fine]
        if refused:
            self.app.say(refused[0], severity="error")
            return
        try:
            record = self._record(part, entries)
        except PlanError as error:
            self.app.say(str(error), severity="error")
            return
        self._navigator.start_run(record)

    def _record(self, part: Suite, entries: list[ModelEntry]) -> RunRecord:
        """The run as it stands. Raises PlanError."""
        if not self._decides:
            return new_run(part, entries, self._repeats, None)
        variants = max(1, POOL_QUESTIONS // len(part.prompts))
        return new_run(part, entries, variants, None, pool_seed=PUBLIC_POOL, rule=Rule())

    def action_decide(self) -> None:
        """Ask until it is clear which model is better, or so many repeats."""
        self._decides = not self._decides
        self._show_plan()

    def action_write(self) -> None:
        """Add the chosen models to milo.toml; what it holds stays."""
        path = self._settings.config or Path("milo.toml")
        chosen = [offer for offer in self.chosen if offer.wanted is not None]
        if not chosen:
            self.app.say(f"Nothing to write: the chosen models are in {path} already, or simulated.")
            return
        try:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(written(before, chosen), encoding="utf-8")
        except (OSError, PresetError) as error:
            self.app.say(f"{path}: {error}", severity="error")
            return
        self.app.say(f"Wrote {count(len(chosen), 'model')} to {path}.")
