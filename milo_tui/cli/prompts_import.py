"""`milo prompts import`: another benchmark's questions as a suite."""

from collections import defaultdict
from pathlib import Path

import click

from milo_tui.cli.options import FOLDER
from milo_tui.config import ConfigError
from milo_tui.sanitise import sanitise
from milo_tui.suite_lab.bfcl import Report, Rules, suite_files


@click.command("import")
@click.argument("kind", type=click.Choice(["bfcl"]))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o", "--output", required=True, type=FOLDER, help="Folder of the new suite; must be empty or missing."
)
@click.option(
    "--rules",
    type=click.Choice(["native", "bfcl"]),
    default="native",
    show_default=True,
    help="Compare values by Milo's rules or by BFCL's.",
)
def import_suite(kind: str, folder: Path, output: Path, rules: Rules) -> None:
    """Import another benchmark's questions as a suite.

    KIND is bfcl, the Berkeley Function Calling Leaderboard; DIR holds its package bfcl-eval, or its data.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output} is not empty; name another folder with -o.")
    report = Report()
    for name, text in suite_files(folder, rules, report):
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _print_report(report, output)


def _print_report(report: Report, output: Path) -> None:
    for category, count in report.imported.items():
        click.echo(f"{count:5}  {category}")
    click.echo(f"{sum(report.imported.values()):5}  records imported to {output}")
    click.echo(f"{len(report.refused):5}  records left out{':' if report.refused else ''}")
    by_reason: dict[str, list[str]] = defaultdict(list)
    for id, reason in report.refused.items():
        by_reason[reason].append(id)
    for reason, ids in by_reason.items():
        click.echo(sanitise(f"       {', '.join(ids)}: {reason}"))
    click.echo(f"`milo prompts list --suite {output}` lists them.")
