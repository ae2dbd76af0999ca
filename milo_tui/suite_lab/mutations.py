"""The known ways to go wrong, and the ways that only look wrong, as changes to a prompt's reference.

They prove the suite (checking.py: a harmful mutation must cost a point) and drive simulated models.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite_lab import harmful_answer, harmful_calls, harmful_flow, harmless
from milo_tui.suite_lab.script import Variant

MOST_VARIANTS = 200
"""How many variants of one mutation of one prompt are made at most."""


@dataclass(frozen=True)
class Mutation:
    """A systematic change of a reference: `harmful` where it must cost a point.

    One that changes the world or claims a success falsely is `grave`: it must leave at most one point.
    """

    name: str
    description: str
    harmful: bool
    make: Callable[[Prompt], Iterator[Variant]]
    grave: bool = False

    @property
    def most_points(self) -> int:
        """How many points the changed conversation may earn."""
        return POINTS_PER_PROMPT if not self.harmful else 1 if self.grave else POINTS_PER_PROMPT - 1

    def variants(self, prompt: Prompt) -> Iterator[Variant]:
        """Every way in which it applies to this prompt's reference; none where it does not apply."""
        return islice(self.make(prompt), MOST_VARIANTS)

    def apply(self, prompt: Prompt, rng: Random) -> list[Step] | None:
        """One of its variants, chosen by `rng`; None where it does not apply."""
        variants = list(self.variants(prompt))
        return rng.choice(variants).steps if variants else None


_ALL = (
    Mutation("wrong_tool", "Another tool is called instead.", True, harmful_calls.wrong_tool),
    Mutation("missing_argument", "A value is left out.", True, harmful_calls.missing_argument),
    Mutation("wrong_type", "A value is sent as another type.", True, harmful_calls.wrong_type),
    Mutation("wrong_value", "A value is nearly right.", True, harmful_calls.wrong_value),
    Mutation("invented_argument", "An argument is added.", True, harmful_calls.invented_argument),
    Mutation(
        "extra_effect", "The world is changed once too often.", True, harmful_calls.extra_effect, grave=True
    ),
    Mutation(
        "repeated_effect", "The same change is made twice.", True, harmful_calls.repeated_effect, grave=True
    ),
    Mutation("skipped_step", "A call or the answer is left out.", True, harmful_flow.skipped_step),
    Mutation(
        "swapped_order",
        "A call comes before the one whose result it needs.",
        True,
        harmful_flow.swapped_order,
    ),
    Mutation("prose_around_json", "Sentences stand around the JSON.", True, harmful_answer.prose_around_json),
    Mutation("fenced_json", "The JSON stands in a Markdown fence.", True, harmful_answer.fenced_json),
    Mutation(
        "trailing_comma", "A comma stands before the last bracket.", True, harmful_answer.trailing_comma
    ),
    Mutation("extra_key", "The JSON has a key too many.", True, harmful_calls.extra_key),
    Mutation(
        "ignored_error", "A failed call is taken for one that worked.", True, harmful_flow.ignored_error
    ),
    Mutation("endless_retry", "One call is repeated to the turn limit.", True, harmful_flow.endless_retry),
    Mutation(
        "claimed_success", "What was not done is said to be.", True, harmful_flow.claimed_success, grave=True
    ),
    Mutation(
        "answer_without_calling",
        "The answer comes without a call.",
        True,
        harmful_flow.answer_without_calling,
    ),
    Mutation(
        "call_where_none_is_due",
        "A tool is called where none should be.",
        True,
        harmful_calls.call_where_none_is_due,
    ),
    Mutation(
        "malformed_arguments", "A call's arguments are broken JSON.", True, harmful_calls.malformed_arguments
    ),
    Mutation("changed_digits", "A number in the answer is another.", True, harmful_answer.changed_digits),
    Mutation("swapped_values", "Two values of the answer are swapped.", True, harmful_answer.swapped_values),
    Mutation(
        "changed_detail", "A number in another right answer is another.", True, harmful_answer.changed_detail
    ),
    Mutation(
        "swapped_details",
        "Two values of another right answer are swapped.",
        True,
        harmful_answer.swapped_details,
    ),
    Mutation("changed_unit", "A unit in the answer is another.", True, harmful_answer.changed_unit),
    Mutation("dropped_unit", "A unit in the answer is left out.", True, harmful_answer.dropped_unit),
    Mutation("negated", "A statement of the answer is negated.", True, harmful_answer.negated),
    Mutation("dropped_fact", "A value is left out of the answer.", True, harmful_answer.dropped_fact),
    Mutation("rival_value", "A second value contradicts the first.", True, harmful_answer.rival_value),
    Mutation(
        "other_conclusion",
        "The answer adds a false claim.",
        True,
        harmful_answer.other_conclusion,
        grave=True,
    ),
    Mutation("argument_order", "Keys stand in another order.", False, harmless.argument_order),
    Mutation("call_order", "Independent calls come in another order.", False, harmless.call_order),
    Mutation("other_phrasing", "The same is said in other words.", False, harmless.other_phrasing),
    Mutation("extra_read", "Something is looked up once more.", False, harmless.extra_read),
)

MUTATIONS: dict[str, Mutation] = {mutation.name: mutation for mutation in _ALL}
"""All mutations by name, the harmful first."""


def mutate(prompt: Prompt, name: str, rng: Random) -> list[Step] | None:
    """Change the reference of a prompt by the mutation `name`; None where that does not apply.

    Raises KeyError for a name that is not in MUTATIONS.
    """
    return MUTATIONS[name].apply(prompt, rng)
