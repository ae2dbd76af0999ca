"""prompts import: another benchmark's questions as a suite of ours."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from milo_tui.suite_lab.bfcl import Report, Rules


@click.command("import")
@click.argument("kind", type=click.Choice(["bfcl"]))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The new suite's folder; it must be empty, or not there yet.",
)
@click.option(
    "--rules",
    type=click.Choice(["native", "bfcl"]),
    default="native",
    show_default=True,
    help="Compare values by Milo's own rules, or by BFCL's.",
)
def import_suite(kind: str, folder: Path, output: Path, rules: "Rules") -> None:
    """Bring another benchmark's questions in as a suite.

    KIND is bfcl, the Berkeley Function Calling Leaderboard; DIR is where its package bfcl-eval, or its data, lies.
    """
    from milo_tui.config import ConfigError
    from milo_tui.suite_lab.bfcl import Report, suite_files

    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output} is not empty; name another folder with -o.")
    report = Report()
    for name, text in suite_files(folder, rules, report):
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _say(report, output)


def _say(report: "Report", output: Path) -> None:
    from milo_tui.sanitise import sanitise

    for category, count in report.imported.items():
        click.echo(f"{count:5}  {category}")
    click.echo(f"{sum(report.imported.values()):5}  records brought in, to {output}")
    click.echo(f"{len(report.refused):5}  records left out{':' if report.refused else ''}")
    by_reason: dict[str, list[str]] = {}
    for id, reason in report.refused.items():
        by_reason.setdefault(reason, []).append(id)
    for reason, ids in by_reason.items():
        click.echo(sanitise(f"       {', '.join(ids)}: {reason}"))
    click.echo(f"`milo prompts list --suite {output}` names them.")
