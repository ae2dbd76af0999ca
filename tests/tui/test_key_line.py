"""The bottom line names the keys that work here, and a click presses one."""

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from milo_tui.tui import themes
from milo_tui.tui.widgets.key_line import KeyLine


class Keys(Screen[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("a,b", "note('a')", "First", key_display="a"),
        Binding("c", "note('c')", "Second"),
        Binding("d", "note('d')", "Hidden", show=False),
        Binding("e", "off", "Off"),
    ]
    enabled = True

    def compose(self) -> ComposeResult:
        yield KeyLine()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.enabled if action == "off" else True

    def action_note(self, key: str) -> None:
        self.notes = [*getattr(self, "notes", []), key]


class KeysApp(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.semantic(self.current_theme)

    def on_mount(self) -> None:
        self.push_screen(Keys())


async def test_keys_are_named_clicked_and_left_out_where_they_do_not_fit() -> None:
    app = KeysApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        line, screen = app.screen.query_one(KeyLine), app.screen
        assert isinstance(screen, Keys)
        assert line.draw(40).plain == " a First  c Second  e Off "
        assert line.draw(20).plain == " a First  c Second "
        assert line.draw(12).plain == " a First "
        assert line.draw(3).plain == " a First "
        await pilot.click(KeyLine, offset=(12, 0))
        await pilot.click(KeyLine, offset=(1, 0))
        await pilot.click(KeyLine, offset=(35, 0))
        await pilot.pause()
        assert screen.notes == ["c", "a"]
        screen.enabled = False
        screen.refresh_bindings()
        await pilot.pause()
        assert line.draw(40).plain == " a First  c Second "


async def test_the_help_keeps_its_place() -> None:
    class Helped(Keys):
        BINDINGS = [Binding("question_mark", "note('?')", "Help", key_display="?")]  # noqa: RUF012

    app = KeysApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await app.push_screen(Helped())
        await pilot.pause()
        line = app.screen.query_one(KeyLine)
        whole = line.draw(80).plain
        assert whole.endswith(" ? Help ")
        assert line.draw(len(whole) - 1).plain.endswith(" ? Help ")
        assert line.draw(8).plain == " ? Help "
