"""A run as CSV (RFC 4180): a row per attempt, retries included; `counts` is 1 for the attempt that tables count."""

import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.reports.run_data import RunData
from milo_tui.sanitise import one_line

COLUMNS = (
    "run",
    "suite",
    "suite_version",
    "scorer_version",
    "simulated",
    "model",
    "model_name",
    "where",
    "sampling",
    "category",
    "prompt",
    "prompt_version",
    "repeat",
    "attempt",
    "counts",
    "outcome",
    "points",
    "point_1",
    "point_2",
    "point_3",
    "latency_s",
    "ttft_s",
    "tokens_per_second",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "lost",
    "error",
    "started_utc",
)


async def render(data: RunData) -> AsyncIterator[str]:
    """The file, line by line."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    for row in (COLUMNS, *_rows(data.run, data.attempts, data.evidence)):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _rows(run: RunRecord, attempts: Sequence[Attempt], evidence: Evidence) -> Iterator[list[object]]:
    counting = {row.id for row in latest_attempts(attempts).values()}
    models = {model.id: model for model in run.models}
    prompts = {prompt.id: (prompt.category, prompt.version) for prompt in run.prompts}
    for row in attempts:
        category, version = prompts[row.prompt]
        earned = _points(row, evidence)
        yield [
            *(run.number, cell(run.suite), run.suite_version, run.scorer_version),
            *_model(models[row.model]),
            *(cell(category), cell(row.prompt), version, row.repeat, row.number, int(row.id in counting)),
            *(row.outcome.value, row.points, *(earned.get(i) for i in (1, 2, 3))),
            *(row.latency, row.ttft, row.tokens_per_second),
            *(row.input_tokens, row.output_tokens, row.cached_tokens),
            *(cell(row.lost), cell(row.error), _utc(row.started)),
        ]


def _model(model: ModelRecord) -> list[object]:
    return [int(model.simulated), cell(model.id), cell(model.name), model.where, cell(model.sampling)]


def _points(row: Attempt, evidence: Evidence) -> Mapping[int, int]:
    """1 or 0 for each of the three points; empty where there is no score."""
    if row.points is None:
        return {}
    failed = {check.position for check in evidence.failed.get(row.id, ())}
    return {position: int(position not in failed) for position in (1, 2, 3)}


_FORMULA = tuple("=+-@␍＝＋－＠")
"""A cell that begins with one of these is a formula to a spreadsheet; the last four are full-width."""


def cell(text: str) -> str:
    """Text from outside as a cell: on one line, and not a formula in a spreadsheet."""
    flat = one_line(text)
    return f"'{flat}" if flat.lstrip()[:1] in _FORMULA else flat


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
