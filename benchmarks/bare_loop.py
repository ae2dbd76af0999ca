"""The bare httpx loop: the same calls as Milo makes, and nothing that is not needed to make them.

    python benchmarks/bare_loop.py URL CONVERSATIONS DATABASE

CONVERSATIONS is JSON: a list of attempts, each a list of request bodies, sent one after another over one client.
httpx, server-sent events split by hand, json.loads, a score, and for each attempt one commit to SQLite in WAL mode.
"""

import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import httpx


async def ask(client: httpx.AsyncClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call: its text, its tool call, its stamps and all its bytes."""
    text, arguments, name, raw, left = "", "", "", b"", b""
    usage: dict[str, Any] = {}
    stamps: list[int] = []
    start = time.perf_counter_ns()
    async with client.stream("POST", url, content=json.dumps(body).encode()) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            at = time.perf_counter_ns()
            raw += chunk
            *lines, left = (left + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(b"data: {"):
                    continue
                value = json.loads(line[6:])
                usage = value.get("usage") or usage
                for choice in value.get("choices", ()):
                    delta = choice["delta"]
                    stamps.append(at - start)
                    text += delta.get("content") or ""
                    for call in delta.get("tool_calls", ()):
                        name = call["function"].get("name") or name
                        arguments += call["function"].get("arguments") or ""
    call = (name, json.loads(arguments)) if name else None
    return {"text": text, "call": call, "usage": usage, "stamps": stamps, "raw": raw, "ns": stamps[-1]}


def score(body: dict[str, Any], answer: dict[str, Any]) -> int:
    """As little as can be called a score: a call of an offered tool with all that it requires."""
    if answer["call"] is None:
        return 0
    name, arguments = answer["call"]
    offered = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools", ())}
    return 3 if name in offered and set(offered[name].get("required", ())) <= set(arguments) else 0


async def run(url: str, attempts: list[list[dict[str, Any]]], database: sqlite3.Connection) -> None:
    """All attempts, one after another."""
    async with httpx.AsyncClient(timeout=60) as client:
        for attempt in attempts:
            answers = [await ask(client, url, body) for body in attempt]
            kept = json.dumps([{**answer, "raw": answer["raw"].decode()} for answer in answers])
            latency = sum(answer["ns"] for answer in answers)
            points = score(attempt[-1], answers[-1])
            database.execute("INSERT INTO attempt VALUES (?, ?, ?)", (latency, points, kept))
            database.commit()


def main() -> None:
    """Run what the command line names."""
    url, conversations, path = sys.argv[1:]
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE IF NOT EXISTS attempt (latency INTEGER, points INTEGER, turns TEXT)")
    asyncio.run(run(url, json.loads(Path(conversations).read_text(encoding="utf-8")), database))
    database.close()


if __name__ == "__main__":
    main()
