"""A run in which every text from outside tries to break out of whatever it is put into."""

from dataclasses import replace

from milo_tui.analysis.record import AttemptDetail, RunRecord
from milo_tui.suite.conversation import CheckResult, Score
from tests.reports import made

SCRIPT = "<script>document.documentElement.dataset.hacked='yes'</script>"
BREAKOUT = (
    "\"'><img src=x onerror=\"document.documentElement.dataset.hacked='yes'\">"
    "</pre></style></title></textarea><svg onload=alert(1)><!-- ]]> -->"
)
ODD = "\x00\x07\x1b[31m\x1b]52;c;aGk=\x07\u202e\u200b\ufffe|`*_[a](javascript:alert(1))\r\n=cmd()"
EVIL = SCRIPT + BREAKOUT + ODD
SAID = EVIL + "\ud83d"
"""What a model says: half a surrogate pair is legal in JSON, so it can be in there too."""


def run() -> RunRecord:
    """Two models and one prompt, all of them hostile."""
    models = (
        replace(made.QWEN, name=f"Qwen {EVIL}", sampling=EVIL, note=EVIL, manifest={"server": EVIL}),
        replace(made.SONNET, name=f"Sonnet {EVIL}", sampling=EVIL),
    )
    base = made.run(models, suite_title=f"Suite {EVIL}", note=EVIL, machine={"system": EVIL})
    first = base.prompts[0]
    prompt = replace(first, title=EVIL, definition={"user": EVIL, "system": EVIL})
    return replace(base, prompts=(prompt,), categories=((first.category, EVIL),))


def attempts(record: RunRecord) -> list[AttemptDetail]:
    """Attempts whose words, calls, reasons and errors are hostile; the last one is a hole."""
    return [_attempt(record, m, k) for m in range(2) for k in range(1, record.repeats + 1)]


def _attempt(record: RunRecord, model: int, repeat: int) -> AttemptDetail:
    if (model, repeat) == (1, record.repeats):
        hole = made.attempt(record, model, 0, repeat, None)
        return replace(hole, attempt=replace(hole.attempt, error=SAID))
    found = made.attempt(record, model, 0, repeat, 2)
    checks = tuple(CheckResult(SAID, i < 2, SAID) for i in range(3))
    arguments = '{"note": "</pre><script>document.documentElement.dataset.hacked=1</script>"}'
    turns = made.talk(SAID, repeat, arguments if repeat == 1 else SAID)
    turns = tuple(replace(turn, reasoning=SAID) for turn in turns)
    return replace(found, turns=turns, score=Score(checks))
