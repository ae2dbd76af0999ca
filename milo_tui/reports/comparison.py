"""A comparison of two runs, as sentences and as JSON: what differs first, then the verdicts."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from milo_tui.analysis.comparison import Compared, Comparison, RerunTest
from milo_tui.analysis.record import RunRecord
from milo_tui.analysis.stats import SIGNIFICANT
from milo_tui.reports import verdict_text as words
from milo_tui.reports.formatting import moment
from milo_tui.reports.rich_tables import plain
from milo_tui.reports.terminal import facts_grid
from milo_tui.reports.verdict_text import Fact


def render(found: Comparison) -> RenderableType:
    """The comparison for a terminal."""
    parts: list[RenderableType] = [plain(heading(found), "bold")]
    parts += [plain(sentence) for sentence in before(found)]
    for model in found.models:
        parts += [Text(), plain(words.headline(model.pair), "bold"), facts_grid(facts(model))]
    if not found.models:
        parts.append(plain(nothing(found)))
    return Group(*parts)


def heading(found: Comparison) -> str:
    """Which runs these are."""
    if found.a.key == found.b.key:
        return f"Two models of {_run(found.a)}"
    return f"{_run(found.a)} vs {_run(found.b)}"


def _run(run: RunRecord) -> str:
    return f"run {run.number} ({run.suite_title} {run.suite_version}, {moment(run.created)})"


def before(found: Comparison) -> Iterator[str]:
    """What comes before any verdict: simulated models, differences between the runs, excluded prompts."""
    if any(model.pair.simulated for model in found.models):
        yield words.SIMULATED
    yield alike_sentence(found)
    if found.changed:
        yield f"Excluded, changed: {', '.join(found.changed)}."
    if found.missing:
        yield f"Excluded, in one run only: {', '.join(found.missing)}."
    if found.unpaired:
        yield f"Models in one run only: {', '.join(dict.fromkeys(found.unpaired))}."


def alike_sentence(found: Comparison) -> str:
    """`These runs are not alike: seed 5 against 6.`"""
    if found.a.key == found.b.key:
        return "Both ran the same prompts on the same machine."
    apart = [str(difference) for difference in found.differences]
    if found.changed:
        apart.append(f"{words.count(len(found.changed), 'prompt')} changed")
    if found.missing:
        apart.append(f"{words.count(len(found.missing), 'prompt')} in one run only")
    if apart:
        return f"Settings differ: {'; '.join(apart)}."
    return "Same settings: suite, scorer, repeats, seed and machine."


def facts(model: Compared) -> Iterator[Fact]:
    """The facts about one model against another, what differs first."""
    if model.differences:
        yield Fact("Settings differ", "; ".join(map(str, model.differences)))
    yield from words.tested_facts(model.pair)
    if model.rerun_test is not None:
        yield Fact("Permutation test", rerun_sentence(model, model.rerun_test))
    if model.answers and model.pair.a == model.pair.b:
        same = "all" if model.same == model.answers else f"{model.same}"
        yield Fact("Same answers", f"{same} of {model.answers}, byte for byte")
    if text := words.latency(model.pair):
        yield Fact("Latency", text)


def rerun_sentence(model: Compared, rerun_test: RerunTest) -> str:
    """The permutation test over repeats: whether the same prompts score differently now."""
    found = "evidence of a change" if rerun_test.p_adjusted < SIGNIFICANT else "no evidence of a change"
    by = f" by Holm over {model.pair.pairs} pairs" if model.pair.pairs > 1 else ""
    chance = words.p_equals(rerun_test.p_adjusted)
    return f"over repeats within each prompt, p {chance}{by}: {found}{_noise(model, rerun_test)}"


def _noise(model: Compared, rerun_test: RerunTest) -> str:
    """The standard error of the gap; if repeats never differ, that sampling does not explain the gap."""
    if rerun_test.error is None:
        return ""
    if rerun_test.error == 0 and model.pair.gap and rerun_test.p_adjusted >= SIGNIFICANT:
        return (
            "; but within each run all repeats have the same score, so sampling does not explain the gap: "
            "look at the prompts"
        )
    return f"; standard error of the gap {rerun_test.error:.1f} points"


def nothing(found: Comparison) -> str:
    """What to do if no model is in both runs."""
    return (
        "No model is in both runs; name two, such as "
        f"`milo compare {found.a.number}:{found.a.models[0].id} {found.b.number}:{found.b.models[0].id}`."
    )


def as_data(found: Comparison) -> dict[str, Any]:
    """The comparison for a script: numbers as they are, sentences as they are printed."""
    return {
        "format": "milo-comparison",
        "format_version": 1,
        "a": {"run": found.a.number, "key": found.a.key},
        "b": {"run": found.b.number, "key": found.b.key},
        "alike": found.alike,
        "unlike": [{"what": item.what, "a": item.a, "b": item.b} for item in found.differences],
        "changed_prompts": list(found.changed),
        "prompts_in_one_run_only": list(found.missing),
        "models": [_model_data(model) for model in found.models],
    }


def _model_data(model: Compared) -> dict[str, Any]:
    pair = model.pair
    return {
        "a": pair.a,
        "b": pair.b,
        "simulated": pair.simulated,
        "unlike": [{"what": item.what, "a": item.a, "b": item.b} for item in model.differences],
        "points": {"a": float(pair.a_points), "b": float(pair.b_points), "of": pair.possible},
        "gap": None if pair.blocked else float(pair.gap),
        "differing": {item.prompt: float(item.points) for item in pair.differing},
        "p": None if pair.blocked else pair.p,
        "p_holm": None if pair.blocked else pair.p_adjusted,
        "interval": [pair.interval.low, pair.interval.high] if pair.interval else None,
        "smallest_gap": None if pair.blocked else pair.smallest_gap,
        "anew_p": model.rerun_test.p if model.rerun_test else None,
        "anew_p_holm": model.rerun_test.p_adjusted if model.rerun_test else None,
        "same_answers": model.same,
        "answers": model.answers,
        "finding": pair.finding,
        "worse": model.worse,
        "verdict": words.verdict(pair),
    }
