"""The suite proves itself: references earn 3, wrong ways what they say, and every mutation is caught."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from milo_tui.suite.conversation import POINTS_PER_PROMPT, Score
from milo_tui.suite.prompt import Prompt, Step, Suite
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play
from milo_tui.suite.validation import validate
from milo_tui.suite.variants import PUBLIC_POOL, VariantError
from milo_tui.suite.wording import field_name
from milo_tui.suite_lab.mutations import MUTATIONS, Mutation
from milo_tui.suite_lab.script import sites
from milo_tui.suite_lab.values import places, schema_at

_LENGTH_DRIFT = 0.25
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
_SEVERITY = (
    Verdict.NOT_APPLICABLE, Verdict.FREE, Verdict.KILLED, Verdict.HARMLESS, Verdict.COSTLY, Verdict.SURVIVED,
)  # fmt: skip


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
    """How many known-bad conversations were scored, in each variant."""
    questions: int = 0
    """How many prompts were checked, each variant of a family for itself."""

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


Checked = tuple[list[str], dict[str, Cell]]


def check_suite(
    suite: Suite,
    variants: int = 1,
    pool_seed: int = PUBLIC_POOL,
    call: Callable[[Callable[[Prompt], Checked], Prompt], Checked] = lambda check, prompt: check(prompt),
) -> SuiteCheck:
    """Score everything that the suite's files say of themselves, and every mutation of every reference.

    Of prompts that vary, the first `variants` of that pool are checked. `call` checks a prompt, such as under a limit.
    """
    errors: list[str] = []
    table: dict[str, dict[str, Cell]] = {}
    checked = 0
    for prompt in suite.prompts:
        members, found = _members(prompt, variants, pool_seed)
        rows = []
        for member in members:
            faults, row = call(_check_variant, member)
            found += faults
            rows.append(row)
        checked += len(members)
        table[prompt.id] = {name: _merged([row[name] for row in rows]) for name in MUTATIONS}
        errors += [*found, *_family(members), *_stale_reasons(prompt, table[prompt.id])]
    wrong_ways = sum(len(prompt.wrong) for prompt in suite.prompts)
    return SuiteCheck(errors, list(_twins(suite)), table, wrong_ways, checked)


def check_prompt(prompt: Prompt) -> tuple[list[str], dict[str, Cell]]:
    """What is wrong with one prompt, and its row of the table."""
    found, row = _check_variant(prompt)
    return [*found, *_stale_reasons(prompt, row)], row


def _check_variant(prompt: Prompt) -> Checked:
    row = {name: _try(prompt, mutation) for name, mutation in MUTATIONS.items()}
    return [*_scripts(prompt), *_verdicts(prompt, row)], row


def _members(prompt: Prompt, variants: int, pool_seed: int) -> tuple[list[Prompt], list[str]]:
    """A prompt's first variants, and what is wrong with those that cannot be asked."""
    members, errors = [prompt], []
    for number in range(1, variants if prompt.family else 1):
        try:
            member = prompt.in_variant(number, pool_seed)
        except VariantError as error:
            errors.append(str(error))
            continue
        errors += [f"{member.name}: {field_name(where)}: {text}" for where, text in validate(member)]
        members.append(member)
    return members, errors


def _family(members: Sequence[Prompt]) -> Iterator[str]:
    """Variants that have the same solution, and those of another length than the first."""
    seen: dict[str, Prompt] = {}
    usual = _asked_characters(members[0])
    for member in members:
        steps = [step.model_dump(mode="json") for step in member.reference]
        # A prompt that is solved without a call has its values in what is asked.
        asked = "" if any(step.made for step in member.reference) else member.user
        solution = json.dumps([asked, *steps], sort_keys=True)
        other = seen.setdefault(solution, member)
        if other is not member:
            yield f"{member.name}: its reference is that of variant {other.variant.number}; widen the generators"
        if abs(_asked_characters(member) - usual) > _LENGTH_DRIFT * usual:
            yield f"{member.name}: its length differs by more than {_LENGTH_DRIFT:.0%} from variant 0"


def _asked_characters(prompt: Prompt) -> int:
    """The characters that a model reads before it answers."""
    return sum(map(len, (prompt.system or "", prompt.user, json.dumps([t.parameters for t in prompt.tools]))))


def _merged(cells: Sequence[Cell]) -> Cell:
    """The cells of a family's variants as one: the worst verdict, and all that was tried."""
    verdict = max((cell.verdict for cell in cells), key=list(_SEVERITY).index)
    odd = tuple(dict.fromkeys(words for cell in cells for words in cell.variants))
    reason = next((cell.reason for cell in cells if cell.reason), "")
    return Cell(verdict, sum(cell.tried for cell in cells), odd, reason)


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
            yield f"{prompt.name}: {name} earns {found.points} instead of {wanted}: {_lost(found)}"
        elif found.points > wanted:
            yield f"{prompt.name}: {name} earns {found.points} instead of {wanted}; these checks passed: {_won(found)}"


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
        if mutation.harmful and found.points > mutation.most_points:
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
                    f"{prompt.name}: {name} survived, no check notices it: {variant}; "
                    f"mend a check, or say under harmless: why it rightly costs nothing"
                )
            else:
                yield f"{prompt.name}: {name} should cost nothing, but does: {variant}"


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
