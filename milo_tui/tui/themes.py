"""Colour themes from TOML files.

```toml
name = "my-theme"
dark = true                 # and `ansi = true` for the terminal's own 16 colours
[colors]
primary = "#5fafff"         # background, foreground, surface, panel, secondary, accent, success, warning, error
[variables]
dim = "#8a8a8a"             # any of SEMANTIC; what is missing is derived from the colours
```
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.app import App
from textual.color import Color, ColorParseError
from textual.theme import Theme

from milo_tui.config import config_folder, data_folder

DEFAULT_THEME = "milo-dark"

SEMANTIC = {
    "dim": "dimmed",
    "bar": "primary",
    "track": "panel",
    "frame": "secondary",
    "frame-focus": "accent",
    "live": "success",
    "simulated": "warning",
    "reasoning": "dimmed",
    "tool-call": "primary",
    "tool-result": "success",
    "tool-error": "error",
    "score-3": "success",
    "score-2": "accent",
    "score-1": "warning",
    "score-0": "error",
    "hole": "error",
}
"""Milo's own theme variables, and the base colour each is derived from."""

_ANSI = {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
"""Variables that Textual's style sheets need in a theme of the terminal's 16 colours."""

_COLORS = "primary secondary accent foreground background surface panel success warning error boost".split()
_REQUIRED = ("primary", "foreground", "background")


class ThemeError(ValueError):
    """A theme file cannot be used; the message names the key."""


@dataclass(slots=True)
class Themes:
    """The themes that could be loaded, and a sentence for each file that could not."""

    loaded: list[Theme] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def load_themes(folders: Iterable[Path] | None = None) -> Themes:
    """Milo's own themes, then the user's; one of the same name replaces the earlier one."""
    folders = (data_folder("themes"), config_folder() / "themes") if folders is None else folders
    found: dict[str, Theme] = {}
    failed: list[str] = []
    for file in (file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.toml"))):
        try:
            theme = read_theme(file)
            found[theme.name] = theme
        except (ThemeError, OSError, UnicodeDecodeError) as error:
            failed.append(f"Theme {file.name} was not loaded: {error}.")
    return Themes(list(found.values()), failed)


def register_themes(app: App[Any], themes: Themes) -> None:
    """Make the loaded themes known to the app, in place of Textual's own."""
    for name in list(app.available_themes):
        app.unregister_theme(name)
    for theme in themes.loaded:
        app.register_theme(theme)


def read_theme(file: Path) -> Theme:
    """One theme file as a Textual theme that has every variable of SEMANTIC."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"it is not TOML ({error})") from None
    _refuse_unknown(data, ("name", "dark", "ansi", "colors", "variables"), "")
    colors, variables = _table(data, "colors"), _table(data, "variables")
    _refuse_unknown(colors, _COLORS, "colors.")
    for key in _REQUIRED:
        if key not in colors:
            raise ThemeError(f"colors.{key} is missing")
    theme = Theme(
        name=_text(data, "name", file.stem),
        primary=_color(colors["primary"], "colors.primary"),
        dark=_flag(data, "dark", True),
        ansi=_flag(data, "ansi", False),
    )
    for key, value in colors.items():
        setattr(theme, key, _color(value, f"colors.{key}"))
    theme.variables = {key: _color(value, f"variables.{key}") for key, value in variables.items()}
    theme.variables = (_ANSI if theme.ansi else {}) | semantic(theme) | theme.variables
    theme.variables.setdefault("text-muted", theme.variables["dim"])
    return theme


def semantic(theme: Theme) -> dict[str, str]:
    """The variables of SEMANTIC for any theme; `App.get_theme_variable_defaults` should return these."""
    generated = theme.to_color_system().generate()
    generated["dimmed"] = _dimmed(theme, generated)
    return {name: theme.variables.get(name, generated[base]) for name, base in SEMANTIC.items()}


def _dimmed(theme: Theme, generated: dict[str, str]) -> str:
    if theme.ansi:
        return "ansi_bright_black"
    return Color.parse(generated["foreground"]).blend(Color.parse(generated["background"]), 0.35).hex


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise ThemeError(f"{key} should be a table")
    return value


def _text(data: dict[str, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or not value.replace("-", "").isalnum():
        raise ThemeError(f"{key} should be letters, digits and hyphens")
    return value


def _flag(data: dict[str, Any], key: str, default: bool) -> bool:
    value = data.get(key, default)
    if not isinstance(value, bool):
        raise ThemeError(f"{key} should be true or false")
    return value


def _color(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise ThemeError(f"{key} should be a colour in quotes")
    try:
        Color.parse(value)
    except ColorParseError:
        raise ThemeError(f"{key} is not a colour: {value[:40]!r}") from None
    return value


def _refuse_unknown(data: dict[str, Any], known: Iterable[str], prefix: str) -> None:
    for key in data:
        if key not in known:
            raise ThemeError(f"{prefix}{key[:40]} is not a theme key")
