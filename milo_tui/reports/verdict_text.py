"""The answer in words: "How close is local to cloud?", as the app, the terminal and every report say it.

Plain text lines, not yet escaped for any format: names come from outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from milo_tui.analysis.stats import SIGNIFICANT
from milo_tui.analysis.table import ResultTable
from milo_tui.analysis.verdict import Answer, Pair, Standing
from milo_tui.reports.cost_text import dollars
from milo_tui.reports.formatting import percent, seconds

QUESTION = "How close is local to cloud?"
SIMULATED = "Simulated models: no figure and no verdict here is of a real model."
FEWEST = 6
"""Prompts that must differ before the exact test can show anything: 2^(1−5) is 0.0625, 2^(1−6) is 0.031."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of an answer: what it is about, and what is so."""

    label: str
    text: str


def number(value: Fraction | float) -> str:
    """Points: whole where they are, else with one decimal."""
    return str(int(value)) if value == int(value) else f"{float(value):.1f}"


def signed(value: Fraction | float) -> str:
    """A difference with its sign, by a true minus."""
    return f"−{number(-value)}" if value < 0 else f"+{number(value)}" if value else "0"


def chance(p: float) -> str:
    """A p-value: 1.0, 0.0625, 0.0312, < 0.001."""
    if p >= 0.9995:
        return "1.0"
    return f"{p:.3g}" if p >= 0.001 else "< 0.001"


def count(n: int, what: str) -> str:
    """`1 prompt`, `20 prompts`, `no prompt`."""
    return f"{n or 'no'} {what}{'s' * (n > 1)}"


def headline(pair: Pair) -> str:
    """`Qwen3.5-397B: 101.8 % of Claude Sonnet 4.6`, or why nothing can be said."""
    if pair.blocked:
        return f"{pair.a_name} against {pair.b_name}: no verdict"
    return f"{pair.a_name}: {share(pair)} of {pair.b_name}"


def share(pair: Pair) -> str:
    """A's points as a per cent of B's."""
    return percent(pair.share)


def finding(pair: Pair) -> str:
    """The verdict in a word or two; that of simulated models says so."""
    if pair.blocked:
        return "no verdict"
    if pair.finding == "no evidence":
        return "no evidence of a difference" + " (simulated)" * pair.simulated
    return f"{'simulated ' * pair.simulated}evidence that {pair.a_name} is {pair.finding}"


def verdict(pair: Pair) -> str:
    """`A − B = +3/180; they differ on 1 prompt; exact p = 1.0: no evidence of a difference.`"""
    if pair.blocked:
        return f"No verdict: {pair.blocked}."
    differ = count(len(pair.differing), "prompt")
    return (
        f"{pair.a_name} − {pair.b_name} = {signed(pair.gap)}/{pair.possible}; they differ on {differ}; "
        f"exact p {_p(pair)}: {finding(pair)}.{_too_few(pair)}"
    )


def _p(pair: Pair) -> str:
    found = chance(pair.p)
    text = found if found.startswith("<") else f"= {found}"
    if pair.pairs < 2 or pair.p_adjusted == pair.p:
        return text
    return f"{text} ({chance(pair.p_adjusted)} by Holm over {pair.pairs} pairs)"


def _too_few(pair: Pair) -> str:
    """Why the test could not have found anything."""
    if pair.p_adjusted < SIGNIFICANT or not 0 < len(pair.differing) < FEWEST:
        return ""
    return " Fewer than six prompts that differ can never show one."


def pair_facts(pair: Pair, answer: Answer) -> Iterator[Fact]:
    """All that is said of two models of a run, the verdict first."""
    yield from tested_facts(pair)
    a, b = answer.standing(pair.a), answer.standing(pair.b)
    yield Fact("Solved every time", f"{solved(a)} against {solved(b)}")
    if text := latency(pair):
        yield Fact("Latency", text)
    if a.memory_gb or b.memory_gb or answer.costs.keys() & {pair.a, pair.b}:
        yield Fact("Memory or cost", f"{burden(a, answer)} against {burden(b, answer)}")


def tested_facts(pair: Pair) -> Iterator[Fact]:
    """The verdict and what it rests on."""
    yield Fact("Verdict", verdict(pair))
    yield Fact("Points", points(pair))
    if not pair.blocked:
        yield from _evidence(pair)


def points(pair: Pair) -> str:
    """`174/180 against 171/180: 101.8 % of Claude Sonnet 4.6`; without a share where attempts are missing."""
    both = f"{number(pair.a_points)} against {number(pair.b_points)} of {pair.possible}"
    if pair.blocked:
        return f"{both}, incomplete (a prompt counts by the repeats that it has)"
    return f"{both}: {share(pair)} of {pair.b_name}"


def _evidence(pair: Pair) -> Iterator[Fact]:
    if pair.interval is not None:
        low, high = signed(round(pair.interval.low, 1)), signed(round(pair.interval.high, 1))
        over = f", over {pair.pairs} pairs" if pair.pairs > 1 else ""
        yield Fact("95 % interval", f"{low} to {high} of {pair.possible} points, by the same test{over}")
    else:
        yield Fact("95 % interval", "none: too few prompts differ for the test to bound the gap")
    if pair.finding == "no evidence":
        yield Fact(
            "Could have shown",
            f"about {pair.smallest_gap}/{pair.possible}: the smallest gap that this run finds four times in five",
        )
    if pair.differing:
        yield Fact("They differ on", differing(pair))


def differing(pair: Pair) -> str:
    """The prompts that two models differ on, by category, each with the points that A has more."""
    by_category: dict[str, list[str]] = {}
    for item in pair.differing:
        category, name = item.prompt.rpartition("/")[::2]
        by_category.setdefault(category, []).append(f"{name} {signed(item.points)}")
    return "; ".join(
        f"{category}: {', '.join(names)}" if category else ", ".join(names)
        for category, names in by_category.items()
    )


def solved(standing: Standing) -> str:
    """`18/20 (70–97 %)`: prompts that earned 3 of 3 in every repeat, with Wilson's 95 % interval."""
    if not standing.total.complete:
        return "–"
    low, high = standing.interval
    return f"{standing.solved}/{standing.prompts} ({100 * low:.0f}–{100 * high:.0f} %)"


def latency(pair: Pair) -> str | None:
    """`1.4 × as long as Claude Sonnet 4.6 (medians over 20 prompts: 2.5 s, 1.8 s)`."""
    found = pair.latency
    if found is None:
        return None
    times = f"{found.ratio:.2f}" if found.ratio < 1 else f"{found.ratio:.1f}"
    return (
        f"{times} × that of {pair.b_name} (medians over {count(found.prompts, 'prompt')}: "
        f"{seconds(found.a)}, {seconds(found.b)})"
    )


def burden(standing: Standing, answer: Answer) -> str:
    """What a model takes: memory where it runs here, dollars for this run where a provider runs it."""
    cost = answer.costs.get(standing.model)
    if cost is not None:
        return f"{dollars(cost.dollars)} for this run (prices as of {cost.price.as_of})"
    if standing.where == "api":
        return "an API without a known price"
    return f"{standing.memory_gb:g} GB here" if standing.memory_gb else "unknown memory here"


def no_pair(answer: Answer) -> str | None:
    """Why the question has no answer in this run; None where it has one."""
    if answer.local_to_api:
        return None
    where = {standing.where for standing in answer.standings}
    if where == {"local"}:
        return "This run asked no API model, so it cannot say."
    return "This run asked no local model, so it cannot say." if where else "This run has no models."


def standing_facts(standing: Standing) -> Iterator[str]:
    """What is to be known of one model besides the table: sentences."""
    total, k = standing.total, standing.repeats
    if standing.error is not None:
        yield f"{total.points}/{total.possible} points, standard error {standing.error:.1f} over prompts like these"
    if standing.pass_hat is not None and standing.pass_at is not None and k > 1:
        yield f"pass^{k} {100 * standing.pass_hat:.0f} %, pass@{k} {100 * standing.pass_at:.0f} %"
    if lost := lost_by_point(standing):
        yield lost
    if same := same_sentence(standing):
        yield same
    if cache := cache_sentence(standing):
        yield cache


def lost_by_point(standing: Standing) -> str | None:
    """`17 points lost on 7 prompts: 5 first, 8 second, 4 third points`."""
    if not standing.lost:
        return None
    by_point = [sum(lost.times for lost in standing.lost if lost.position == i) for i in (1, 2, 3)]
    named = [f"{n} {which}" for n, which in zip(by_point, ("first", "second", "third"), strict=True) if n]
    prompts = len({lost.prompt for lost in standing.lost})
    return f"{count(sum(by_point), 'point')} lost on {count(prompts, 'prompt')} ({', '.join(named)})"


def same_sentence(standing: Standing) -> str | None:
    """That repeats were the same again, where they were."""
    if not standing.steady:
        return None
    of = f"{standing.steady} of {standing.repeated}"
    where = f"all {standing.repeated}" if standing.steady == standing.repeated else of
    return f"on {where} prompts the repeats are the same byte for byte: they add no evidence"


def cache_sentence(standing: Standing) -> str | None:
    """What came from the prompt cache, and latency with a cold and a warm one; None where servers do not tell."""
    use = standing.cache
    if use.share is None:
        return None
    text = f"{percent(use.share)} of the prompt tokens came from the cache"
    if use.cold and use.warm:
        return (
            f"{text}; latency {seconds(use.cold_latency)} where the conversation began cold ({use.cold}), "
            f"{seconds(use.warm_latency)} where warm ({use.warm})"
        )
    return f"{text}, all conversations began {'warm' if use.warm else 'cold'}"


CIRCLES = {1: "①", 2: "②", 3: "③"}
LEGEND = "①②③: which of the prompt's three points was lost, ×2 in two repeats"


def lost_cell(standing: Standing, prompt: str) -> str:
    """`②×3 ③`: the prompt's second point lost in three repeats, the third in one."""
    found = [lost for lost in standing.lost if lost.prompt == prompt]
    return " ".join(
        CIRCLES.get(lost.position, str(lost.position)) + (f"×{lost.times}" if lost.times > 1 else "")
        for lost in found
    )


def telling(table: ResultTable) -> str | None:
    """Which prompts tell nothing: passed by all, or (suspect) failed by all."""
    marks = list(table.uninformative.values())
    passed, failed = marks.count("all pass"), marks.count("all fail")
    said = []
    if passed:
        said.append(f"{passed} of {len(table.matrix)} prompts every model passed: they tell nothing apart")
    if failed:
        said.append(f"{count(failed, 'prompt')} no model earned a point on: suspect")
    return "; ".join(said) + "." if said else None


def also_compared(answer: Answer) -> list[str]:
    """The verdicts on the pairs that the question is not about."""
    return [
        f"{pair.a_name} against {pair.b_name}: {verdict(pair)}" if pair.blocked else verdict(pair)
        for pair in answer.others
    ]
