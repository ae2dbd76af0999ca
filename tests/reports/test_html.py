"""The HTML report: one file without scripts, offline, in which no text from outside becomes markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from milo_tui.analysis.record import RunRecord
from tests.factories import store_attempts
from tests.reports import hostile, made
from tests.reports.browser import dom_of
from tests.reports.rendering import rendered


async def report(
    database: Path, record: RunRecord, *, share: bool = False, hostile_ones: bool = False
) -> str:
    if hostile_ones:
        number = await store_attempts(database, record, hostile.attempts(record))
    else:
        number = await made.store(database, record)
    return await rendered("html", database, number, share=share)


class Elements(HTMLParser):
    """The elements of a page, and the attributes that could do or fetch something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.acting: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "action"):
                self.acting.append(f"{tag} {name}")
            if name == "href":
                self.links.add(value or "")
            if name == "id":
                self.ids.add(value or "")


async def test_the_answer_comes_before_every_table(tmp_path: Path) -> None:
    page = await report(tmp_path / "milo.db", made.run())
    assert page.index("How close is local to cloud?") < page.index("101.8 %") < page.index("<table>")
    assert "no evidence of a difference" in page


async def test_the_file_holds_everything_and_fetches_nothing(tmp_path: Path) -> None:
    page = await report(tmp_path / "milo.db", made.run())
    found = Elements(page)
    assert found.names.isdisjoint({"script", "link", "img", "iframe", "object", "form"})
    assert found.acting == []
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


async def test_every_attempt_is_there_and_can_be_jumped_to(tmp_path: Path) -> None:
    found = Elements(await report(tmp_path / "milo.db", made.run()))
    links = {link for link in found.links if link.startswith("#a")}
    assert len(links) == 120
    assert {link[1:] for link in links} <= found.ids


async def test_calls_that_only_one_model_made_are_marked(tmp_path: Path) -> None:
    record = made.run()
    one, other = (made.attempt(record, m, 0, 1, 3) for m in range(2))
    other = type(other)(other.attempt, other.ended, made.talk("Done.", 1, '{"order": "ORD-1"}'), other.score)
    database = tmp_path / "milo.db"
    number = await store_attempts(database, record, [one, other])
    page = await rendered("html", database, number)
    assert re.search(r'class="call x1">find_order [^<]*ORD-5512', page)
    assert re.search(r'class="call x0">find_order [^<]*ORD-1&', page)


async def test_equal_calls_are_not_marked(tmp_path: Path) -> None:
    page = await report(tmp_path / "milo.db", made.run())
    assert 'class="call"' in page
    assert 'class="call x' not in page


async def test_hostile_text_never_becomes_markup(tmp_path: Path) -> None:
    page = await report(tmp_path / "milo.db", hostile.run(), hostile_ones=True)
    found = Elements(page)
    assert found.names.isdisjoint({"script", "img", "iframe", "textarea"})
    assert found.acting == []
    assert page.count("</style>") == page.count("</title>") - len(re.findall(r"<title>", page)) + 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e\u200b\ud800-\udfff]", page)


@pytest.mark.parametrize("policy", ["kept", "taken out"])
async def test_a_browser_runs_nothing_of_it(tmp_path: Path, policy: str) -> None:
    page = await report(tmp_path / "milo.db", hostile.run(), hostile_ones=True)
    if policy == "taken out":
        page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    dom = dom_of(file, tmp_path / "profile")
    assert "data-hacked" not in dom
    assert "&lt;script&gt;" in dom
    found = Elements(dom)
    assert found.names.isdisjoint({"script", "img", "iframe"})
    assert "Conditions" in dom
