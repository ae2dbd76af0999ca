"""A run as JUnit XML, for CI systems: a suite per model, a test case per prompt.

A case fails if its mean is below 3 points, and lists the checks that failed; it is an error if attempts have no
score. Times are mean seconds per attempt.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.figures import Figures, latest_attempts
from milo_tui.analysis.record import Attempt, ModelRecord, PromptRecord, RunRecord
from milo_tui.reports.conditions import model_line
from milo_tui.reports.run_data import RunData
from milo_tui.sanitise import sanitise


async def render(data: RunData) -> AsyncIterator[str]:
    """The XML text."""
    run, last = data.run, latest_attempts(data.attempts)
    root = ET.Element("testsuites", name=sanitise(f"{run.suite_title} {run.suite_version}, run {run.number}"))
    for model in run.models:
        suite = ET.SubElement(root, "testsuite", name=_suite_name(model), timestamp=_moment(run))
        _properties(suite, run, model)
        for prompt in run.prompts:
            repeats = range(1, run.repeats + 1)
            rows = [last.get((model.id, prompt.id, repeat)) for repeat in repeats]
            _case(suite, run, prompt, rows, data.evidence)
        _count(suite)
    _count(root)
    ET.indent(root)
    yield ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite_name(model: ModelRecord) -> str:
    marked = model.simulated and "simulated" not in model.name
    return sanitise(f"{model.name} (simulated)" if marked else model.name)


def _moment(run: RunRecord) -> str:
    return datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _properties(suite: ET.Element, run: RunRecord, model: ModelRecord) -> None:
    told = {
        "simulated": "yes" if model.simulated else "no",
        "where": model.where,
        "served and sampled": model_line(model),
        "scorer version": str(run.scorer_version),
        "suite digest": run.suite_digest,
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=sanitise(value))


def _case(
    suite: ET.Element,
    run: RunRecord,
    prompt: PromptRecord,
    rows: Sequence[Attempt | None],
    evidence: Evidence,
) -> None:
    made = [row for row in rows if row is not None]
    figures = Figures.of(made, len(rows))
    case = ET.SubElement(
        suite,
        "testcase",
        name=sanitise(prompt.id),
        classname=sanitise(f"{run.suite}.{prompt.category}"),
        time=f"{figures.latency or 0:.3f}",
    )
    if figures.unscored:
        errors = [
            f"repeat {row.repeat}: {row.outcome.value} {row.error}".strip()
            for row in made
            if row.points is None
        ]
        _problem(case, "error", f"{figures.unscored} of {len(rows)} attempts have no score", errors)
    elif figures.points < figures.possible:
        message = f"{figures.points} of {figures.possible} points"
        _problem(case, "failure", message, _sentences(made, evidence))


def _sentences(rows: Iterable[Attempt], evidence: Evidence) -> list[str]:
    return [
        f"repeat {row.repeat}, point {check.position}, {check.title}: {check.reason}"
        for row in rows
        for check in evidence.failed.get(row.id, ())
    ]


def _problem(case: ET.Element, kind: str, message: str, lines: Iterable[str]) -> None:
    element = ET.SubElement(case, kind, message=sanitise(message), type=kind)
    element.text = sanitise("\n".join(lines))


def _count(element: ET.Element) -> None:
    """Set the numbers of cases, failures and errors, and their seconds, as attributes."""
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    element.set("failures", str(len(list(element.iter("failure")))))
    element.set("errors", str(len(list(element.iter("error")))))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
