"""What a person may do to a running run from its live screen: pause, continue, skip a model, stop, leave."""

from abc import abstractmethod

from textual import work

from milo_tui.analysis.phases import FINAL_PHASES, MODEL_ENDED
from milo_tui.runner.channel import Feed
from milo_tui.runner.events import Command
from milo_tui.runner.state import RunState
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.widgets import dialogs
from milo_tui.tui.widgets.dialogs import QuestionDialog
from milo_tui.tui.widgets.model_pane import ModelPane
from milo_tui.tui.widgets.run_header import RunHeader


class RunControls(BaseScreen):
    """A screen of a run whose runner takes commands through `feed`."""

    app: BaseApp
    feed: Feed
    state: RunState
    header: RunHeader
    started_here: bool

    @property
    @abstractmethod
    def pane(self) -> ModelPane:
        """The pane of the chosen model."""

    @work(description="")
    async def action_pause(self) -> None:
        """Pause when the current attempts end."""
        await self.ask_runner(Command("pause"), "Pausing when the current attempts end; p continues.")

    @work(description="")
    async def action_continue(self) -> None:
        """Go on with a paused run."""
        await self.ask_runner(Command("resume"), "Continuing.")

    @work(description="")
    async def action_skip(self) -> None:
        """Skip the rest of the focused model, after asking."""
        model = self.pane.model
        if model.phase in MODEL_ENDED:
            return
        if await self.app.push_screen_wait(QuestionDialog(dialogs.skipping(model.name))) == dialogs.SKIP:
            await self.ask_runner(Command("skip", model=model.id), f"Skipping {model.name}.")

    @work(description="")
    async def action_stop(self) -> None:
        """Stop the run, after asking how."""
        answer = await self.app.push_screen_wait(QuestionDialog(dialogs.stopping(self.state.run)))
        await self._stop(answer)

    async def leave(self) -> None:
        """Leave the view; a run that was started here and goes on is asked about first."""
        answer: str | None = dialogs.LEAVE_RUNNING
        going_on = self.state.phase not in FINAL_PHASES and not self.header.lost
        if going_on and self.started_here:
            answer = await self.app.push_screen_wait(QuestionDialog(dialogs.leaving(self.state.run)))
        if answer is None:
            return
        await self._stop(answer)
        if going_on and answer == dialogs.LEAVE_RUNNING:
            self.app.say(f"Run {self.state.run} continues. To return to it: milo watch {self.state.run}")
        self.dismiss(None)

    async def _stop(self, answer: str | None) -> None:
        if answer == dialogs.STOP_AFTER:
            await self.ask_runner(Command("stop"), "Stopping when the current attempts end.")
        elif answer == dialogs.STOP_NOW:
            await self.ask_runner(Command("stop", now=True), "Stopping now.")

    async def ask_runner(self, command: Command, notice: str) -> None:
        """Send a command; its effect is seen in the events."""
        try:
            await self.feed.send(command)
        except OSError as error:
            self.app.say(f"The run does not answer: {error}", severity="warning")
        else:
            self.app.say(notice)
