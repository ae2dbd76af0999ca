"""The sentences of a verdict ("How close is local to cloud?"), shared by the app and all reports.

Names in them come from outside and are not escaped for any format.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from milo_tui.analysis.stats import SIGNIFICANT
from milo_tui.analysis.table import ResultTable
from milo_tui.analysis.verdict import Answer, ModelResult, Pair
from milo_tui.reports.cost_text import dollars
from milo_tui.reports.formatting import percent, seconds

QUESTION = "How close is local to cloud?"
SIMULATED = "Simulated models: these results say nothing about real models."
FEWEST = 6
"""Prompts that must differ before the exact test can show anything: 2^(1−5) is 0.0625, 2^(1−6) is 0.031."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled line of a report."""

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


def p_equals(p: float) -> str:
    """A p-value after the letter: "= 0.0312", "< 0.001"."""
    text = chance(p)
    return text if text.startswith("<") else f"= {text}"


def count(n: int, what: str) -> str:
    """`1 prompt`, `20 prompts`, `no prompt`."""
    return f"{n or 'no'} {what}{'s' * (n > 1)}"


def headline(pair: Pair) -> str:
    """`Qwen3.5-397B: 101.8 % of Claude Sonnet 4.6`, or why nothing can be said."""
    if pair.blocked:
        return f"{pair.a_name} vs {pair.b_name}: no verdict"
    return f"{pair.a_name}: {share(pair)} of {pair.b_name}"


def share(pair: Pair) -> str:
    """A's points as a per cent of B's."""
    return percent(pair.share)


def finding(pair: Pair) -> str:
    """The verdict in a few words; of simulated models it says so."""
    if pair.blocked:
        return "no verdict"
    simulated = " (simulated)" * pair.simulated
    if pair.finding == "no evidence":
        return f"no evidence of a difference{simulated}"
    return f"{pair.a_name.removesuffix(' (simulated)')} is {pair.finding}{simulated}"


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
    text = p_equals(pair.p)
    if pair.pairs < 2 or pair.p_adjusted == pair.p:
        return text
    return f"{text} ({chance(pair.p_adjusted)} by Holm over {pair.pairs} pairs)"


def _too_few(pair: Pair) -> str:
    """That the test could not find anything with so few prompts that differ."""
    if pair.p_adjusted < SIGNIFICANT or not 0 < len(pair.differing) < FEWEST:
        return ""
    return " Fewer than six differing prompts can never show one."


def pair_facts(pair: Pair, answer: Answer) -> Iterator[Fact]:
    """The facts about two models of a run, the verdict first."""
    yield from tested_facts(pair)
    a, b = answer.result(pair.a), answer.result(pair.b)
    yield Fact("Solved every time", f"{solved(a)} vs {solved(b)}")
    if text := latency(pair):
        yield Fact("Latency", text)
    if a.memory_gb or b.memory_gb or answer.costs.keys() & {pair.a, pair.b}:
        yield Fact("Memory or cost", f"{burden(a, answer)} vs {burden(b, answer)}")


def tested_facts(pair: Pair) -> Iterator[Fact]:
    """The verdict and what it rests on."""
    yield Fact("Verdict", verdict(pair))
    # While attempts are missing the two sums are of different prompts, and could even turn the order round.
    if not pair.blocked:
        yield Fact("Points", points(pair))
        yield from _evidence(pair)


def points(pair: Pair) -> str:
    """`174 vs 171 of 180: 101.8 % of Claude Sonnet 4.6`."""
    both = f"{number(pair.a_points)} vs {number(pair.b_points)} of {pair.possible}"
    return f"{both}: {share(pair)} of {pair.b_name}"


def _evidence(pair: Pair) -> Iterator[Fact]:
    if pair.interval is not None:
        low, high = signed(round(pair.interval.low, 1)), signed(round(pair.interval.high, 1))
        over = f", over {pair.pairs} pairs" if pair.pairs > 1 else ""
        yield Fact("95 % interval", f"{low} to {high} of {pair.possible} points, from the same test{over}")
    else:
        yield Fact("95 % interval", "none: too few prompts differ to bound the gap")
    if pair.finding == "no evidence":
        yield Fact(
            "Detectable gap (80 % power)",
            f"about {pair.smallest_gap}/{pair.possible}",
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


def solved(result: ModelResult) -> str:
    """`18/20 (70–97 %)`: prompts that earned 3 of 3 in every repeat, with Wilson's 95 % interval."""
    if not result.total.complete:
        return "–"
    low, high = result.interval
    return f"{result.solved}/{result.prompts} ({100 * low:.0f}–{100 * high:.0f} %)"


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


def burden(result: ModelResult, answer: Answer) -> str:
    """The memory of a local model, or what an API model cost in this run."""
    cost = answer.costs.get(result.model)
    if cost is not None:
        return f"{dollars(cost.dollars)} for this run (prices as of {cost.price.as_of})"
    if result.where == "api":
        return "an API without a known price"
    return f"{result.memory_gb:g} GB here" if result.memory_gb else "unknown memory here"


def no_pair(answer: Answer) -> str | None:
    """Why there is no verdict in this run; None where there is one."""
    if answer.local_to_api:
        return None
    where = {result.where for result in answer.results}
    if where == {"local"}:
        return "No API model in this run, so there is nothing to compare with."
    return (
        "No local model in this run, so there is nothing to compare." if where else "This run has no models."
    )


def result_facts(result: ModelResult) -> Iterator[str]:
    """Sentences about one model, besides the table."""
    total, k = result.total, result.repeats
    if result.error is not None:
        yield f"{total.points}/{total.possible} points, standard error {result.error:.1f} over prompts like these"
    if result.pass_hat is not None and result.pass_at is not None and k > 1:
        yield (
            f"pass^{k} {100 * result.pass_hat:.0f} % (all {k} repeats of a prompt earn 3/3), "
            f"pass@{k} {100 * result.pass_at:.0f} % (at least one does)"
        )
    if lost := lost_by_point(result):
        yield lost
    if same := same_sentence(result):
        yield same
    if cache := cache_sentence(result):
        yield cache


def lost_by_point(result: ModelResult) -> str | None:
    """`17 points lost on 7 prompts: 5 first, 8 second, 4 third points`."""
    if not result.lost:
        return None
    by_point = [sum(lost.times for lost in result.lost if lost.position == i) for i in (1, 2, 3)]
    named = [f"{n} {which}" for n, which in zip(by_point, ("first", "second", "third"), strict=True) if n]
    prompts = len({lost.prompt for lost in result.lost})
    return f"{count(sum(by_point), 'point')} lost on {count(prompts, 'prompt')} ({', '.join(named)})"


def same_sentence(result: ModelResult) -> str | None:
    """On how many prompts all repeats are identical; None where there are none."""
    if not result.steady:
        return None
    of = f"{result.steady} of {result.repeated}"
    where = f"all {result.repeated}" if result.steady == result.repeated else of
    return f"on {where} prompts the repeats are identical byte for byte: they add no evidence"


def cache_sentence(result: ModelResult) -> str | None:
    """The share of cached prompt tokens, and latency with a cold and a warm cache; None if servers do not report it."""
    use = result.cache
    if use.share is None:
        return None
    text = f"{percent(use.share)} of the prompt tokens were cached"
    if use.cold and use.warm:
        return (
            f"{text}; latency {seconds(use.cold_latency)} for conversations with a cold cache ({use.cold}), "
            f"{seconds(use.warm_latency)} with a warm one ({use.warm})"
        )
    return f"{text}; all conversations began with a {'warm' if use.warm else 'cold'} cache"


CIRCLES = {1: "①", 2: "②", 3: "③"}
WHO_CAUSED_IT = (
    "Lost by the server: scored as it arrived, and marked; what the network, a quota or the provider failed is asked "
    "again and never scored"
)
"""Whom what went wrong is put down to; the rule is in endpoints/failures.py."""

LEGEND = "①②③: which of the prompt's three points was lost, ×2 in two repeats"


def lost_cell(result: ModelResult, prompt: str) -> str:
    """`②×3 ③`: the prompt's second point lost in three repeats, the third in one."""
    found = [lost for lost in result.lost if lost.prompt == prompt]
    return " ".join(
        CIRCLES.get(lost.position, str(lost.position)) + (f"×{lost.times}" if lost.times > 1 else "")
        for lost in found
    )


def telling(table: ResultTable) -> str | None:
    """How many prompts do not discriminate: passed by all models, or (suspect) failed by all."""
    marks = list(table.uninformative.values())
    passed, failed = marks.count("all pass"), marks.count("all fail")
    said = []
    if passed:
        said.append(
            f"{passed} of {len(table.matrix)} prompts were passed by every model: they don't discriminate"
        )
    if failed:
        said.append(f"{count(failed, 'prompt')} without a point from any model: suspect")
    return "; ".join(said) + "." if said else None


def also_compared(answer: Answer) -> list[str]:
    """The verdicts on the other pairs."""
    return [
        f"{pair.a_name} vs {pair.b_name}: {verdict(pair)}" if pair.blocked else verdict(pair)
        for pair in answer.others
    ]
