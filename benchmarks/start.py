"""What starting costs: `milo --help`, `milo runs`, and the app until its first paint.

    python -m benchmarks.start [--rounds 9] [--runs 20]

Beside them `python -c "import textual"`, and a minimal Textual app on a pty of the same size. The first paint is there
when 200 characters have come after the switch to the alternate screen. The database holds runs of the simulated
models, made before, and milo.toml names two models.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import Row, at_most, median, parser, print_table, say, timed
from benchmarks.terminal import Terminal

SIZE = (120, 40)
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("first paint " * 100)
Minimal().run()
"""
TABLE = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header
class Table(App):
    CSS = "DataTable { height: 1fr; }"
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield DataTable()
        yield Footer()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns(*"run when suite models avg state".split())
        for n in range(20):
            table.add_row(*(f"cell {n} {column}" for column in range(6)))
Table().run()
"""
"""The least that shows what Milo's first screen does, of Textual's own widgets."""
TOML = """
[[model]]
id = "local"
name = "Local"
protocol = "openai"
where = "local"
base_url = "http://127.0.0.1:8080/v1"

[[model]]
id = "api"
name = "API"
protocol = "anthropic"
where = "api"
model = "claude-sonnet-4-6"
api_key_env = "ANTHROPIC_API_KEY"
"""


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.set_defaults(rounds=9)
    options.add_argument("--runs", type=int, default=20, help="how many runs the database holds")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "milo.toml").write_text(TOML, encoding="utf-8")
        environment = {**os.environ, "MILO_HOME": name}
        environment.pop("MILO_DB", None)
        milo = [sys.executable, "-P", "-m", "milo_tui"]
        for _ in range(given.runs):
            timed(
                [*milo, "demo", "--plain", "--pace", "instant", "--repeats", "1"], cwd=home, env=environment
            )

        def command(*words: str) -> Callable[[], float]:
            return lambda: timed(words, cwd=home, env=environment)[0]

        def paint(text: bytes, *words: str) -> Callable[[], tuple[float, float]]:
            def painted() -> tuple[float, float]:
                terminal = Terminal(words, SIZE, env=environment, cwd=home)
                try:
                    return terminal.first_paint(text=text)
                finally:
                    terminal.end()

            return painted

        plain = {
            "python -c pass": command(sys.executable, "-c", "pass"),
            "import textual": command(sys.executable, "-c", "import textual"),
            "milo --help": command(*milo, "--help"),
            "milo runs": command(*milo, "runs"),
        }
        full = {
            "minimal": paint(b"first", sys.executable, "-c", MINIMAL),
            "table": paint(b"cell", sys.executable, "-c", TABLE),
            "app": paint(b"simulated", *milo),
        }
        shown = {"app": "list", "table": "rows"}
        found: dict[str, list[float]] = {name: [] for name in (*plain, *full, "list", "rows")}
        for _ in range(given.rounds):
            for name, take in plain.items():
                found[name].append(1000 * take())
            for name, draw in full.items():
                first, text = draw()
                found[name].append(1000 * first)
                if name in shown:
                    found[shown[name]].append(1000 * text)
    say(f"ms, medians of {given.rounds} rounds; {given.runs} runs in the database; {SIZE[0]}×{SIZE[1]}")
    print_table(("", "ms", "beside", "ratio"), _rows(found))


def _rows(found: dict[str, list[float]]) -> list[Row]:
    def row(name: str, what: str, beside: str, most: float | None = None) -> Row:
        ratio = median(a / b for a, b in zip(found[what], found[beside], strict=True))
        values = [f"{median(found[what]):.0f}", f"{median(found[beside]):.0f}", f"{ratio:.2f}"]
        return Row(name, values) if most is None else Row(name, values, *at_most(ratio, most))

    return [
        Row("python -c pass", [f"{median(found['python -c pass']):.0f}"]),
        row("milo --help / import textual", "milo --help", "import textual", 1.5),
        row("milo runs / import textual", "milo runs", "import textual", 1.5),
        row("app's first paint / table app's first paint", "app", "table", 1.6),
        row("app's list of runs / table app's rows", "list", "rows"),
        row("app's first paint / minimal app's", "app", "minimal"),
        row("table app's first paint / minimal app's", "table", "minimal"),
    ]


if __name__ == "__main__":
    main()
