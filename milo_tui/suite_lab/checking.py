"""The suite proves itself: references earn 3, wrong ways what they say, and every mutation is caught."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from milo_tui.suite.conversation import POINTS_PER_PROMPT, Score
from milo_tui.suite.prompt import Prompt, Step, Suite
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play
from milo_tui.suite_lab.mutations import MUTATIONS, Mutation
from milo_tui.suite_lab.script import sites
from milo_tui.suite_lab.values import places, schema_at

_SHORTEST_GOLD = 5
"""A string shorter than this may stand in two prompts; it could be met by chance anyway."""


class Verdict(StrEnum):
    """What became of one mutation of one prompt. Its value is the word a user sees."""

    KILLED = "killed"
    HARMLESS = "harmless"
    SURVIVED = "survived"
    FREE = "free"
    COSTLY = "costs points"
    NOT_APPLICABLE = "does not apply"

    @property
    def sign(self) -> str:
        """One character for a narrow table."""
        return _SIGNS[self]

    @property
    def is_failure(self) -> bool:
        """Whether the suite is not to be used as it is."""
        return self in (Verdict.SURVIVED, Verdict.COSTLY)


_SIGNS = {
    Verdict.KILLED: "x",
    Verdict.HARMLESS: "h",
    Verdict.SURVIVED: "S",
    Verdict.FREE: "=",
    Verdict.COSTLY: "C",
    Verdict.NOT_APPLICABLE: "·",
}


@dataclass(frozen=True)
class Cell:
    """One mutation of one prompt: how many variants were tried, and in words those that went unpunished
    (or, of a harmless mutation, those that cost something)."""

    verdict: Verdict
    tried: int = 0
    variants: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class SuiteCheck:
    """What a check of a suite found. `table` has a row for each prompt id, a cell for each mutation name."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    table: dict[str, dict[str, Cell]] = field(default_factory=dict)
    wrong_ways: int = 0
    """How many known-bad conversations were scored."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; warnings don't count."""
        return not self.errors

    @property
    def columns(self) -> list[str]:
        """The names of the mutations, in the table's order."""
        return list(MUTATIONS)

    def count(self, verdict: Verdict) -> int:
        """How many cells have this verdict."""
        return sum(cell.verdict is verdict for row in self.table.values() for cell in row.values())


def check_suite(suite: Suite) -> SuiteCheck:
    """Score everything that the suite's files say of themselves, and every mutation of every reference."""
    errors: list[str] = []
    table: dict[str, dict[str, Cell]] = {}
    for prompt in suite.prompts:
        found, table[prompt.id] = check_prompt(prompt)
        errors += found
    wrong_ways = sum(len(prompt.wrong) for prompt in suite.prompts)
    return SuiteCheck(errors, list(_twins(suite)), table, wrong_ways)


def check_prompt(prompt: Prompt) -> tuple[list[str], dict[str, Cell]]:
    """What is wrong with one prompt, and its row of the table."""
    row = {name: _try(prompt, mutation) for name, mutation in MUTATIONS.items()}
    return [*_scripts(prompt), *_verdicts(prompt, row), *_stale_reasons(prompt, row)], row


def _scripts(prompt: Prompt) -> Iterator[str]:
    """The reference, the right and the wrong ways that don't score what they must."""
    ways = [("its reference", prompt.reference, POINTS_PER_PROMPT)]
    ways += [
        (f"its right way “{way.title}”", prompt.steps_of(way), POINTS_PER_PROMPT) for way in prompt.right
    ]
    ways += [(f"its wrong way “{way.title}”", prompt.steps_of(way), way.score) for way in prompt.wrong]
    for name, steps, wanted in ways:
        found = _score(prompt, steps)
        if found.points < wanted:
            yield f"{prompt.id}: {name} earns {found.points} instead of {wanted}: {_lost(found)}"
        elif found.points > wanted:
            yield f"{prompt.id}: {name} earns {found.points} instead of {wanted}; these checks passed: {_won(found)}"


def _score(prompt: Prompt, steps: list[Step]) -> Score:
    return score(prompt, play(prompt, steps))


def _lost(found: Score) -> str:
    return "; ".join(f"{check.title} ({check.reason})" for check in found.checks if not check.passed)


def _won(found: Score) -> str:
    return ", ".join(check.title for check in found.checks if check.passed)


def _try(prompt: Prompt, mutation: Mutation) -> Cell:
    tried = 0
    odd = []
    for variant in mutation.variants(prompt):
        tried += 1
        found = _score(prompt, variant.steps)
        if mutation.harmful and found.points == POINTS_PER_PROMPT:
            odd.append(variant.what)
        elif not mutation.harmful and found.points < POINTS_PER_PROMPT:
            odd.append(f"{variant.what}: {_lost(found)}")
    if not tried:
        return Cell(Verdict.NOT_APPLICABLE)
    if not odd:
        return Cell(Verdict.KILLED if mutation.harmful else Verdict.FREE, tried)
    reason = prompt.harmless.get(mutation.name, "")
    verdict = Verdict.HARMLESS if reason else Verdict.SURVIVED
    return Cell(verdict if mutation.harmful else Verdict.COSTLY, tried, tuple(odd), reason)


def _verdicts(prompt: Prompt, row: dict[str, Cell]) -> Iterator[str]:
    for name, cell in row.items():
        for variant in cell.variants if cell.verdict.is_failure else ():
            if cell.verdict is Verdict.SURVIVED:
                yield (
                    f"{prompt.id}: {name} survived, no check notices it: {variant}; "
                    f"mend a check, or say under harmless: why it rightly costs nothing"
                )
            else:
                yield f"{prompt.id}: {name} should cost nothing, but does: {variant}"


def _stale_reasons(prompt: Prompt, row: dict[str, Cell]) -> Iterator[str]:
    for name in prompt.harmless:
        if name not in row:
            known = ", ".join(MUTATIONS)
            yield f"{prompt.id}: harmless: there is no mutation {name}; the mutations are {known}"
        elif row[name].verdict is not Verdict.HARMLESS:
            yield f"{prompt.id}: harmless: {name} needs no reason here ({row[name].verdict}); take it out"


def _twins(suite: Suite) -> Iterator[str]:
    """Pairs of prompts whose references share a value: who saw one could guess the other."""
    seen: dict[str, str] = {}
    for prompt in suite.prompts:
        for value in dict.fromkeys(_gold(prompt)):
            other = seen.setdefault(value, prompt.id)
            if other != prompt.id:
                yield f"{prompt.id}: its reference shares the value “{value}” with {other}"


def _gold(prompt: Prompt) -> Iterator[str]:
    """The strings in a reference's calls, but for those that a tool's schema lists for all to read."""
    for site in sites(prompt):
        tool = prompt.tool(site.name)
        for path, value in places(site.arguments):
            schema: dict[str, Any] = schema_at(tool.parameters, path) if tool else {}
            if (
                isinstance(value, str)
                and len(value) >= _SHORTEST_GOLD
                and value not in schema.get("enum", [])
            ):
                yield value
