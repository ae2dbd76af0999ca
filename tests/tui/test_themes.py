"""Themes: all that Milo ships can be read at 256 colours, and a broken file is a sentence."""

from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from milo_tui.analysis.phases import RunPhase
from milo_tui.tui.themes import DEFAULT_THEME, SEMANTIC, Themes, load_themes, read_theme, semantic
from tests.tui.live_feed import LiveApp, MemoryFeed, make_state

SHIPPED = {theme.name: theme for theme in load_themes().loaded}
COLOURED = {name: theme for name, theme in SHIPPED.items() if not theme.ansi}
TEXT = ["foreground", "accent", "success", "warning", "error"] + [
    name for name in SEMANTIC if name not in ("dim", "reasoning", "bar", "track", "frame", "frame-focus")
]
DIM = ["dim", "reasoning", "frame-focus"]
GROUNDS = ["background", "surface", "panel"]


def over_ssh(color: str) -> Color:
    """The colour as a terminal of 256 colours shows it."""
    seen = RichColor.from_rgb(*Color.parse(color).rgb).downgrade(ColorSystem.EIGHT_BIT)
    return Color(*seen.get_truecolor())


def luminance(color: Color) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, color.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def distance(one: Color, other: Color) -> int:
    return max(abs(a - b) for a, b in zip(one.rgb, other.rgb, strict=True))


def colours(theme: Theme) -> dict[str, str]:
    return theme.to_color_system().generate() | theme.variables


def test_there_is_one_for_every_need() -> None:
    assert load_themes().failed == []
    assert set(SHIPPED) >= {DEFAULT_THEME, "milo-light", "milo-contrast", "milo-blue-orange", "milo-terminal"}
    assert not SHIPPED["milo-light"].dark
    assert SHIPPED["milo-terminal"].ansi


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_is_readable_at_256_colours(name: str, ground: str) -> None:
    inks = colours(COLOURED[name])
    below = over_ssh(inks[ground])
    poor = {ink: contrast(over_ssh(inks[ink]), below) for ink in TEXT}
    assert {ink: ratio for ink, ratio in poor.items() if ratio < 4.5} == {}
    dim = {ink: contrast(over_ssh(inks[ink]), below) for ink in DIM}
    assert {ink: ratio for ink, ratio in dim.items() if ratio < 3.0} == {}


@pytest.mark.parametrize("name", COLOURED)
def test_what_differs_in_meaning_differs_at_256_colours(name: str) -> None:
    inks = colours(COLOURED[name])
    for group in (["score-3", "score-2", "score-1", "score-0"], ["tool-call", "tool-result", "tool-error"]):
        assert len({over_ssh(inks[ink]).hex for ink in group}) == len(group)
    assert len({over_ssh(inks[ground]).hex for ground in ("background", "panel")}) == 2


@pytest.mark.parametrize("name", COLOURED)
def test_milos_own_colours_survive_the_way_over_ssh(name: str) -> None:
    inks = COLOURED[name].variables
    far = {ink for ink in SEMANTIC if distance(Color.parse(inks[ink]), over_ssh(inks[ink])) > 12}
    assert far == set()


def test_the_colour_blind_theme_tells_good_from_bad_by_blue_and_orange() -> None:
    inks = SHIPPED["milo-blue-orange"].variables
    good, bad = Color.parse(inks["score-3"]), Color.parse(inks["score-0"])
    assert good.b > good.r
    assert bad.r > bad.b


@pytest.mark.parametrize("name", SHIPPED)
async def test_every_theme_can_be_put_on_while_looking(name: str) -> None:
    app = LiveApp(MemoryFeed(make_state(simulated=True)), theme=name)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("x")
        await pilot.pause()
        assert app.theme == name
        await pilot.press("escape")
        app.theme = DEFAULT_THEME
        await pilot.pause()
        app.live.sync_tables()
        assert app.live.state.phase is RunPhase.RUNNING


@pytest.mark.parametrize("name", BUILTIN_THEMES)
def test_textuals_own_themes_get_the_meanings_too(name: str) -> None:
    assert set(semantic(BUILTIN_THEMES[name])) == set(SEMANTIC)


GOOD = '[colors]\nprimary = "#5fafff"\nforeground = "white"\nbackground = "#101010"\n'


def load(folder: Path, text: str | bytes, name: str = "mine.toml") -> Themes:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_themes((folder,))


def test_a_users_theme_needs_three_colours_and_gets_the_rest(tmp_path: Path) -> None:
    (theme,) = load(tmp_path, GOOD).loaded
    assert theme.name == "mine"
    assert set(theme.variables) >= set(SEMANTIC)
    assert theme.variables["dim"] != theme.variables["score-3"]


def test_a_users_theme_replaces_one_of_the_same_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    load(first, 'name = "x"\n' + GOOD)
    load(second, 'name = "x"\ndark = false\n' + GOOD)
    (theme,) = load_themes((first, tmp_path / "missing", second)).loaded
    assert not theme.dark


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[colors", "it is not TOML"),
        (b"\xff\xfe", "utf-8"),
        ("", "colors.primary is missing"),
        ("colors = 3", "colors should be a table"),
        (GOOD.replace("white", "whitish"), "colors.foreground is not a colour: 'whitish'"),
        (GOOD.replace('"white"', "7"), "colors.foreground should be a colour in quotes"),
        (GOOD + 'blue = "blue"', "colors.blue is not a theme key"),
        (GOOD + '[variables]\ndim = "[red]"', "variables.dim is not a colour: '[red]'"),
        ("dark = 1\n" + GOOD, "dark should be true or false"),
        ('name = "\\u001b[31m"\n' + GOOD, "name should be letters, digits and hyphens"),
        ("font = 3\n" + GOOD, "font is not a theme key"),
    ],
)
def test_a_broken_theme_is_a_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    themes = load(tmp_path, text)
    assert themes.loaded == []
    (failure,) = themes.failed
    assert failure.startswith("Theme mine.toml was not loaded: ")
    assert sentence in failure
    assert failure.endswith(".")


def test_a_folder_in_the_place_of_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").mkdir()
    assert len(load_themes((tmp_path,)).failed) == 1


def test_reading_one_theme_gives_what_textual_takes(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    assert read_theme(tmp_path / "mine.toml").to_color_system().generate()["primary"] == "#5FAFFF"
