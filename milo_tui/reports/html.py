"""A run's report as one HTML file: it works offline, light and dark, prints well, and has no scripts.

Text from outside goes through `safe`; a Content-Security-Policy also forbids scripts, requests and frames. Written
prompt by prompt, so that memory does not grow with the run.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from milo_tui.analysis.decisions import PairDecision, decisions
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.published import CAUTION, KIND, Published
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.analysis.table import ResultTable, result_table
from milo_tui.analysis.verdict import Answer, Pair, answer
from milo_tui.reports import decision_text, svg
from milo_tui.reports import verdict_text as words
from milo_tui.reports.conditions import conditions
from milo_tui.reports.formatting import (
    category_cell,
    missing_sentence,
    model_heading,
    moment,
    percent,
    seconds,
    speed,
    total_cell,
)
from milo_tui.reports.html_conversations import choice, choice_styles, prompt_part
from milo_tui.reports.html_elements import chip, facts, key, safe, table, tag
from milo_tui.reports.run_data import RunData

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


async def render(data: RunData) -> AsyncIterator[str]:
    """The HTML text, piece by piece. Raises StoreError."""
    run, rows = data.run, data.attempts
    found, scores = answer(run, rows, data.evidence, data.costs), result_table(run, rows)
    yield _head(run)
    yield "".join(_top(run, scores, found, decisions(run, rows)))
    yield "".join(_middle(run, rows, scores, found))
    for prompt in run.prompts:
        yield prompt_part(run, prompt, [detail async for detail in data.details(prompt.id)]) + "\n"
    yield "".join(_end(run, data.published, found))


def _head(run: RunRecord) -> str:
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    title = f"{run.suite_title} {run.suite_version}, run {run.number}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}</title><style>{style}{choice_styles(len(run.models))}</style></head><body><main>\n"
        f"<h1>{safe(title)}</h1>"
    )


def _top(
    run: RunRecord, scores: ResultTable, found: Answer, decided: Sequence[PairDecision]
) -> Iterator[str]:
    size = f"{len(run.models)} models × {len(run.prompts)} prompts × {run.repeats} repeats"
    yield tag("p", safe(f"{moment(run.created)} · {size} · {run.phase.value}"), class_="meta")
    if run.simulated:
        yield tag("p", safe(words.SIMULATED), class_="banner")
    for model in run.models:
        if sentence := missing_sentence(model.name, scores.totals[model.id]):
            yield tag("p", safe(sentence), class_="banner")
    yield tag("h2", tag("span", words.QUESTION, class_="question"))
    if decided:
        yield tag("div", "".join(_decision(pair, run) for pair in decided), class_="cards")
        for sentence in decision_text.families(scores):
            yield tag("p", safe(sentence))
        yield tag("p", safe(f"Decided by: {decision_text.rule_words(run, len(decided))}."), class_="note")
        return
    if sentence := words.no_pair(found):
        yield tag("p", safe(sentence))
    yield tag("div", "".join(_card(pair, found) for pair in found.local_to_api), class_="cards")
    for sentence in words.also_compared(found):
        yield tag("p", safe(f"Also: {sentence}"))


def _decision(pair: PairDecision, run: RunRecord) -> str:
    names = {model.id: model.name for model in run.models}
    headline = decision_text.headline(pair, run.models, run.margin or 0)
    title = f"Interval of {names[pair.a]} less {names[pair.b]}, after each question"
    parts = [
        tag("div", safe(headline), class_="who"),
        svg.interval_history(title, pair.history, run.margin or 0),
        facts(decision_text.pair_facts(pair, run)),
    ]
    return tag("section", "".join(parts), class_="card")


def _card(pair: Pair, found: Answer) -> str:
    big = "no verdict" if pair.blocked else words.share(pair)
    of = "" if pair.blocked else tag("small", safe(f" of {pair.b_name}"))
    kind = pair.finding.replace(" ", "-")
    parts = [
        tag(
            "div",
            safe(pair.a_name if not pair.blocked else f"{pair.a_name} vs {pair.b_name}"),
            class_="who",
        ),
        tag("div", safe(big) + of, class_="big num"),
        ""
        if pair.blocked
        else tag("div", safe(words.finding(pair)), class_=f"finding {kind}") + svg.gap_line(pair),
        facts(words.pair_facts(pair, found)),
    ]
    return tag("section", "".join(parts), class_="card")


def _middle(run: RunRecord, rows: Sequence[Attempt], scores: ResultTable, found: Answer) -> Iterator[str]:
    yield tag("h2", "Scores") + _scores(run, scores, full=True)
    for result in found.results:
        if said := "; ".join(words.result_facts(result)):
            yield tag("p", f"{tag('b', safe(result.name))}: {safe(said)}.", class_="note")
    yield tag("h2", "Prompts") + _matrix(run, rows, scores, found)
    yield tag(
        "p", safe(f"Points of each repeat; {words.LEGEND}. {words.telling(scores) or ''}"), class_="note"
    )
    yield tag("h2", "Plots") + _plots(run, rows, scores)
    yield tag("h2", "Calls and conversations")
    yield tag(
        "p",
        "One section per prompt. Calls that only one of the two chosen models made are marked.",
        class_="note",
    )
    yield choice(run)


def _scores(run: RunRecord, scores: ResultTable, *, full: bool) -> str:
    rows = [
        ("", [safe(title), *(category_cell(scores.cells[id][model]) for model in scores.models)])
        for id, title in scores.categories
    ]
    totals = [scores.totals[model] for model in scores.models]
    rows.append(("total", ["Total", *map(total_cell, totals)]))
    if full:
        rows += [
            ("", ["Points", *(f"{t.points}/{t.possible} · {percent(t.share)}" for t in totals)]),
            ("", ["TTFT · p95 latency", *(f"{seconds(t.ttft)} · {seconds(t.p95_latency)}" for t in totals)]),
            ("", ["Decode speed", *(speed(t.tokens_per_second) for t in totals)]),
            ("", ["Cold start", *(seconds(model.cold_start) for model in run.models)]),
            ("", ["Lost by the server · retries", *(f"{t.lost_by_server} · {t.retries}" for t in totals)]),
            ("", ["Sampling", *(safe(model.sampling) for model in run.models)]),
        ]
    return table(["Category", *map(_heading, run.models)], rows)


def _heading(model: ModelRecord) -> str:
    """A model's name, and where it runs on a line of its own."""
    name, opening, where = model_heading(model).rpartition(" (")
    return f"{safe(name)}<br>" + tag("small", safe(f"{opening.strip()}{where}"))


def _matrix(run: RunRecord, rows: Sequence[Attempt], scores: ResultTable, found: Answer) -> str:
    last = latest_attempts(rows)
    titles, lines, category = dict(run.categories), [], None
    for prompt in run.prompts:
        if prompt.category != category:
            category = prompt.category
            lines.append(("group", [safe(titles.get(category, category)), *[""] * (len(run.models) + 1)]))
        cells = []
        for result in found.results:
            attempts = [last.get((result.model, prompt.id, repeat)) for repeat in range(1, run.repeats + 1)]
            chips = "".join(chip(row.points, f"#a{row.id}") if row else chip(None) for row in attempts)
            cells.append(
                tag("span", words.lost_cell(result, prompt.id), class_="lost")
                + tag("span", chips, class_="row")
            )
        mark = tag("span", scores.uninformative.get(prompt.id, ""), class_="dim")
        lines.append(
            ("", [safe(prompt.title) + "<br>" + tag("code", safe(prompt.id), class_="dim"), *cells, mark])
        )
    return table(["Prompt", *(safe(model.name) for model in run.models), ""], lines)


def _plots(run: RunRecord, rows: Sequence[Attempt], scores: ResultTable) -> str:
    names = [model.name for model in run.models]
    by_category = [
        (title, [scores.cells[id][model].mean_points for model in scores.models])
        for id, title in scores.categories
    ]
    scored = [row for row in latest_attempts(rows).values() if row.points is not None]
    plots = [
        ("Score by category", "mean points of 3", svg.bars("Score by category", by_category, names)),
        (
            "Latency",
            "seconds; a dot per attempt, a line at the median",
            _spread("Latency", run, scored, "latency"),
        ),
        (
            "Time to first token",
            "seconds; reasoning counts",
            _spread("Time to first token", run, scored, "ttft"),
        ),
        ("Tokens", "all attempts: prompt (pale: from the cache), then output", _tokens(run, scored)),
    ]
    figures = "".join(
        tag("figure", tag("figcaption", f"{tag('b', title)} {what}") + plot, class_="card")
        for title, what, plot in plots
    )
    return key(dict(enumerate(names))) + tag("div", figures, class_="plots")


def _spread(title: str, run: RunRecord, rows: Sequence[Attempt], field: str) -> str:
    series = [
        svg.Series(
            model.name,
            [v for row in rows if row.model == model.id and (v := getattr(row, field)) is not None],
            i,
        )
        for i, model in enumerate(run.models)
    ]
    return svg.spread(title, series, seconds)


def _tokens(run: RunRecord, rows: Sequence[Attempt]) -> str:
    bars = []
    for model in run.models:
        own = [row for row in rows if row.model == model.id]
        cached = sum(row.cached_tokens or 0 for row in own)
        read = sum(row.input_tokens or 0 for row in own)
        written = sum(row.output_tokens or 0 for row in own)
        parts = [("prompt", max(0, read - cached)), ("prompt, from the cache", cached), ("output", written)]
        bars.append((model.name, [(what, float(value)) for what, value in parts]))
    return svg.stacks("Tokens", bars)


def _end(run: RunRecord, published: Published | None, found: Answer) -> Iterator[str]:
    yield tag("h2", "Conditions") + facts(conditions(run, found.costs))
    if published is not None:
        yield tag("h2", safe(f"{published.run.suite_title} ({KIND})"))
        yield tag("p", safe(f"{published.machine}. {CAUTION}"), class_="note")
        yield _scores(published.run, published.table, full=False)
    scorer = f"scorer {run.scorer_version}, {run.repeats} repeats, seed {run.seed}"
    suite = f"{run.suite_title or run.suite} {run.suite_version}, {run.suite_digest}"
    yield tag("footer", safe(f"Made by Milo from run {run.key}: {suite}; {scorer}."))
    yield "</main></body></html>\n"
