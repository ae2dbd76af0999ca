"""What a report that is passed on leaves out: host names, addresses, paths and notes.

`milo show --share`. Model names, sampling, versions and the machine's kind stay: without them a figure says nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, RunRecord, TurnRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.suite.score import Score

_PRIVATE_KEYS = frozenset({"base_url", "api_key_env", "lane", "args", "log", "pid", "port", "command"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_RULES = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE), "[address]"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])"), "[host]"),
    (re.compile(r"(?<![\w.-])[A-Za-z][\w-]*(?:\.[\w-]+)*:\d{2,5}\b"), "[host]"),
    (re.compile(r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|home)\b"), "[host]"),
    (
        re.compile(r"(?:(?<![\w./~-])~?|\b[A-Za-z]:)(?:[\\/][^\\/\s:;,\"'<>()]+)*[\\/]([^\\/\s:;,\"'<>()]+)"),
        r"…/\1",
    ),
)


class Sharing:
    """Takes a run's private facts out of all that a report is made from."""

    def __init__(self, run: RunRecord) -> None:
        found = {urlsplit(model.entry.base_url or "").hostname for model in run.models}
        hosts = sorted((host for host in found if host and host not in _LOOPBACK), key=len, reverse=True)
        self._hosts = re.compile("|".join(map(re.escape, hosts)), re.IGNORECASE) if hosts else None

    def run(self, run: RunRecord) -> RunRecord:
        """The run without its note; its models without addresses and paths."""
        models = tuple(self._model(model) for model in run.models)
        return replace(run, note="", models=models, machine=self._values(run.machine))

    def row(self, row: Attempt) -> Attempt:
        """The row with its error told without places."""
        return replace(row, error=self.text(row.error))

    def attempt(self, attempt: AttemptDetail) -> AttemptDetail:
        """The attempt without raw bytes and headers, which name keys' owners, hosts and paths of weights."""
        score = attempt.score
        return replace(
            attempt,
            attempt=self.row(attempt.attempt),
            turns=tuple(self._turn(turn) for turn in attempt.turns),
            score=None
            if score is None
            else Score(tuple(replace(check, reason=self.said(check.reason)) for check in score.checks)),
        )

    def evidence(self, evidence: Evidence) -> Evidence:
        """The evidence with its sentences told without hosts."""
        failed = {
            attempt: [replace(check, reason=self.said(check.reason)) for check in checks]
            for attempt, checks in evidence.failed.items()
        }
        return replace(evidence, failed=failed)

    def text(self, text: str) -> str:
        """A message of the program or of a server, without hosts, addresses and paths."""
        text = self.said(text)
        for pattern, instead in _RULES:
            text = pattern.sub(instead, text)
        return text

    def said(self, text: str) -> str:
        """What a model said: only the hosts that milo.toml names are taken out, the rest is the benchmark's own."""
        return self._hosts.sub("[host]", text) if self._hosts else text

    def _model(self, model: ModelRecord) -> ModelRecord:
        return replace(
            model,
            note=self.text(model.note),
            entry=ModelEntry.read_back({**self._values(model.entry.as_dict()), "id": model.entry.id}),
            manifest=self._values(model.manifest),
        )

    def _turn(self, turn: TurnRecord) -> TurnRecord:
        return replace(
            turn,
            text=self.said(turn.text),
            reasoning=self.said(turn.reasoning),
            server=self.text(turn.server),
            headers={},
            request=b"",
            response=b"",
        )

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(value) for key, value in values.items() if key not in _PRIVATE_KEYS}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._values(value)
        return [self._value(item) for item in value] if isinstance(value, list | tuple) else value
