"""Harmful mutations of a conversation's flow: what is done, when, and what is claimed at the end."""

from collections.abc import Iterator

from milo_tui.suite import json_text
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite_lab.harmless import free_to_swap, swapped
from milo_tui.suite_lab.script import (
    Site,
    Variant,
    answer_of,
    calling,
    json_answer_of,
    sites,
    with_answer,
    without_call,
)


def skipped_step(prompt: Prompt) -> Iterator[Variant]:
    """Each call left out, and the answer left out."""
    for site in sites(prompt):
        yield Variant(without_call(prompt, site), f"{_call(site)} skipped")
    if answer_of(prompt) is not None and len(prompt.reference) > 1:
        yield Variant(list(prompt.reference[:-1]), "the answer skipped")


def swapped_order(prompt: Prompt) -> Iterator[Variant]:
    """Each two turns of which the second needs the first, the other way round."""
    for turn in range(len(prompt.reference) - 1):
        first, second = prompt.reference[turn : turn + 2]
        if first.made and second.made and first.made != second.made and not free_to_swap(prompt, turn):
            names = f"{second.made[0][0]} before {first.made[0][0]}"
            yield Variant(swapped(prompt, turn), names)


def ignored_error(prompt: Prompt) -> Iterator[Variant]:
    """After each failed call, everything that mends it left out: the same tool again, or the next turn."""
    found = sites(prompt)
    for site in found:
        if not site.failed:
            continue
        later = [other for other in found if other.turn > site.turn]
        again = [other.turn for other in later if other.name == site.name]
        mending = set(again or [other.turn for other in later[:1]])
        steps = [step for turn, step in enumerate(prompt.reference) if turn not in mending]
        if mending:
            yield Variant(steps, f"went on after the error of {_call(site)} as though it had worked")
        else:
            yield Variant(with_answer(prompt, _claim(prompt)), f"took the error of {_call(site)} for success")


def endless_retry(prompt: Prompt) -> Iterator[Variant]:
    """The failed call, or else the last, again and again up to the turn limit."""
    found = sites(prompt)
    if found:
        site = next((site for site in found if site.failed), found[-1])
        again = calling([(site.name, site.arguments)])
        steps = [*prompt.reference[: site.turn + 1], *[again] * prompt.max_turns]
        if steps[: prompt.max_turns] != prompt.reference:
            yield Variant(steps[: prompt.max_turns], f"{_call(site)} again and again")


def claimed_success(prompt: Prompt) -> Iterator[Variant]:
    """What was to be done left out, and said to be done; or a failure reported as a success."""
    effects = {tool.name for tool in prompt.tools if tool.effect}
    found = sites(prompt)
    done = [site for site in found if site.name in effects and not site.failed]
    if done:
        for site in done:
            yield Variant(without_call(prompt, site), f"{_call(site)} claimed, not made")
    elif prompt.tools and json_answer_of(prompt) is None and (not found or found[-1].failed):
        yield Variant(with_answer(prompt, _claim(prompt)), "success claimed where there is none")


def answer_without_calling(prompt: Prompt) -> Iterator[Variant]:
    """The reference's answer, without a call before it."""
    answer = answer_of(prompt)
    if answer is not None and sites(prompt):
        yield Variant([Step(say=answer)], "the answer without a call")


def _claim(prompt: Prompt) -> str:
    """The boldest claim of success: it names every value that the reference's calls carry."""
    values = [str(value) for site in sites(prompt) for value in site.arguments.values()]
    named = f" ({', '.join(dict.fromkeys(values))})" if values else ""
    return f"Done! Everything that you asked for has been carried out successfully{named}."


def _call(site: Site) -> str:
    return f"{site.name}({json_text.show(site.arguments, 80)})"
