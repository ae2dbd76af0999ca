"""What the app remembers of how it was used last: theme, filter and order of the runs, tab of a run."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FILE = "app.json"


@dataclass(slots=True)
class Preferences:
    """Choices that hold in the next session. An unreadable file counts as none."""

    theme: str = ""
    configured_theme: str = ""
    """milo.toml's theme when `theme` was chosen: once it is another, milo.toml's holds."""
    filter: str = ""
    sort: str = ""
    """The title of the column that runs are sorted by; "" for newest first."""
    tab: str = ""
    """The tab of a run that was looked at last."""

    @classmethod
    def load(cls, home: Path) -> "Preferences":
        """Read them from Milo's data folder."""
        try:
            data = json.loads((home / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        known = {field.name for field in fields(cls)}
        found = data if isinstance(data, dict) else {}
        return cls(**{key: value for key, value in found.items() if key in known and isinstance(value, str)})

    def save(self, home: Path) -> None:
        """Write them; where that cannot be done they are forgotten."""
        with suppress(OSError):
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            (home / FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    def theme_for(self, configured: str) -> str:
        """The theme to begin with, where milo.toml gives `configured`."""
        return self.theme if self.theme and configured == self.configured_theme else configured
