"""A run against a quota of requests and tokens waits, says so, and completes. A minute is a fraction of a second."""

import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from milo_tui.analysis.phases import Outcome, RunPhase
from milo_tui.endpoints.pacing import Pace
from milo_tui.runner.attempt import RetryPolicy
from milo_tui.runner.events import ServerNoted
from milo_tui.runner.plan import part_of
from milo_tui.suite.loading import load_suite
from tests.runner.running import Bench, entry
from tests.runner.suite import small_suite
from tests.servers.fault_server import (
    DONE,
    FaultServer,
    Recorded,
    Step,
    answer,
    call,
    calls,
    chunk,
    chunked,
    text,
    usage,
)

MINUTE = 0.4
REQUESTS, TOKENS = 20, 40_000
EACH = 2_500
"""Tokens of a request: sixteen of them fit into the quota of tokens."""


class Quota:
    """A server's window of 20 requests and 40,000 tokens; `headers` is the way in which it tells them.

    What is used up comes back a minute later, however slow the machine is.
    """

    def __init__(self, headers: str) -> None:
        self.refused = 0
        self._headers = headers
        self._until = math.inf
        self._requests = self._tokens = 0

    def __call__(self, request: Recorded) -> Iterable[Step]:
        now = time.monotonic()
        if now >= self._until:
            self._until, self._requests, self._tokens = math.inf, 0, 0
        if self._until < math.inf:
            self.refused += 1
            return [answer({"error": {"message": "slow down"}}, 429, **self._told(self._until - now, True))]
        self._requests, self._tokens = self._requests + 1, self._tokens + EACH
        if self._requests == REQUESTS or self._tokens + EACH > TOKENS:
            self._until = now + MINUTE
        later = any(message["role"] == "tool" for message in request.json["messages"])
        said = text("There are 412.") if later else calls(call("count_crates", '{"bay": 7}', index=0, id="a"))
        counted = usage(prompt_tokens=EACH - 10, completion_tokens=10)
        return [
            chunked(said, chunk(finish="stop"), counted, DONE, headers=self._told(self._until - now, False))
        ]

    def _told(self, seconds: float, refused: bool) -> dict[str, str]:
        seconds = min(seconds, MINUTE)
        left = {"requests": REQUESTS - self._requests, "tokens": TOKENS - self._tokens}
        match self._headers:
            case "openai":
                told = {f"x_ratelimit_remaining_{kind}": str(count) for kind, count in left.items()}
                return told | {f"x_ratelimit_reset_{kind}": f"{1000 * seconds + 1:.0f}ms" for kind in left}
            case "anthropic":
                at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
                told = {f"anthropic_ratelimit_{kind}_remaining": str(count) for kind, count in left.items()}
                return told | {f"anthropic_ratelimit_{kind}_reset": at for kind in left}
            case "openrouter":
                fitting = min(left["requests"], left["tokens"] // EACH)
                at = f"{1000 * (time.time() + seconds) + 1:.0f}"
                return {"X_RateLimit_Remaining": str(fitting), "X_RateLimit_Reset": at}
            case "retry-after":
                return {"retry_after": f"{seconds:.3f}"} if refused else {}
        return {}


@pytest.mark.parametrize("headers", ["openai", "anthropic", "openrouter", "retry-after", "nothing told"])
async def test_s3_twenty_prompts_complete_against_a_quota(tmp_path: Path, headers: str) -> None:
    folder = tmp_path / "suite"
    small_suite(folder)
    prompt = (folder / "one" / "look_up.yaml").read_text(encoding="utf-8")
    for number in range(2, 21):
        copy = prompt.replace("id: one/look_up", f"id: one/look_up{number}")
        (folder / "one" / f"look_up{number}.yaml").write_text(copy, encoding="utf-8")
    suite = part_of(load_suite(folder), ["one"], [])
    quota = Quota(headers)
    async with FaultServer(quota) as server:
        bench = await Bench.create(tmp_path / "milo.db", suite, [entry("api", server.url)])
        waits = RetryPolicy(quota_waits=(MINUTE / 3, MINUTE / 2, MINUTE, MINUTE))
        assert await bench.carry_out(waits) is RunPhase.DONE
    rows = [row for row in await bench.rows() if row.outcome is not Outcome.INFRASTRUCTURE]
    assert [row.points for row in rows] == 20 * [3]
    notes = [event.text for event in bench.of(ServerNoted) if isinstance(event, ServerNoted)]
    assert notes
    assert all(note.startswith("waiting for quota, 1 s") for note in notes)
    if headers not in ("retry-after", "nothing told"):
        assert quota.refused == 0, "headers that tell what is left are heeded before anything is refused"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "99", "x-ratelimit-reset-tokens": "1.5"}, 1.5),
        ({"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "1m1s"}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "nonsense"}, 0),
        ({"x-ratelimit-remaining-requests": "0"}, 0),
        ({"retry-after": "12"}, 12),
    ],
)
def test_how_long_headers_ask_to_wait(headers: dict[str, str], wait: float) -> None:
    pace = Pace(lambda: 1000.0)
    pace.took(100)
    pace.learn(headers, refused="retry-after" in headers)
    assert pace.wait_s() == pytest.approx(wait)
