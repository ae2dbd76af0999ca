"""The questions of a run: its prompts, each in the variant that a repeat asks."""

from dataclasses import replace

from milo_tui.analysis.record import PromptRecord, RunRecord
from milo_tui.suite.loading import StoredPromptError, stored_prompt
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.variants import PUBLIC_POOL, Variant

_OF_A_FAMILY = {"vary", "family", "variant"}


def pool_of(run: RunRecord) -> int:
    """The seed of the pool that a run's variants are of."""
    return PUBLIC_POOL if run.pool_seed is None else run.pool_seed


def question(run: RunRecord, prompt: PromptRecord, repeat: int) -> Prompt:
    """What a repeat (from 1) of a prompt asks. Raises StoredPromptError."""
    variant = Variant(number=run.variant(repeat), pool_seed=pool_of(run))
    return stored_prompt(prompt.definition, variant)


def asked(run: RunRecord, prompt: PromptRecord, repeat: int) -> PromptRecord:
    """A prompt as a repeat asked it: its definition is that of the variant alone."""
    if not run.variant(repeat):
        return prompt
    try:
        rendered = question(run, prompt, repeat)
    except StoredPromptError:
        # A run from elsewhere: what stands in it is shown as it is.
        return prompt
    data = rendered.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_OF_A_FAMILY)
    return replace(prompt, definition=data)


def same_prompts(a: RunRecord, b: RunRecord) -> tuple[list[str], list[str]]:
    """The ids of the prompts that are the same in both runs, and of those that are not.

    A prompt that varies is the one that it was before, as long as variant 0 alone is asked.
    """
    plain = a.pool_seed is None and b.pool_seed is None
    ours, theirs = ({prompt.id: _content(prompt, plain=plain) for prompt in run.prompts} for run in (a, b))
    both = [id for id in ours if id in theirs]
    return [id for id in both if ours[id] == theirs[id]], [id for id in both if ours[id] != theirs[id]]


def _content(prompt: PromptRecord, *, plain: bool) -> dict[str, object]:
    return {key: value for key, value in prompt.definition.items() if not plain or key not in _OF_A_FAMILY}


def apart(a: RunRecord, b: RunRecord) -> str:
    """Why the questions of two runs cannot be compared; empty where they can."""
    for run in (a, b):
        if run.margin is not None:
            return (
                f"Run {run.number} stopped where it had decided, so its models answered no fixed questions: "
                f"`milo show {run.number}` tells its decisions."
            )
    if a.pool_seed == b.pool_seed:
        return ""
    ours, theirs = questions_words(a), questions_words(b)
    return f"Run {a.number} asks {ours} and run {b.number} {theirs}: these are different questions."


def questions_words(run: RunRecord) -> str:
    """Which questions a run asks, as reports name them."""
    return (
        "variant 0 alone"
        if run.pool_seed is None
        else f"variants 0 to {run.repeats - 1} of {pool_words(run)}"
    )


def pool_words(run: RunRecord) -> str:
    """A run's pool as reports name it."""
    return "the public pool" if pool_of(run) == PUBLIC_POOL else f"private pool {run.pool_seed}"
