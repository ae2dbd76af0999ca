"""The bare httpx loop: the same calls as Milo makes, and nothing that is not needed to make them.

    python benchmarks/bare_loop.py URL CONVERSATIONS DATABASE [--thread]

CONVERSATIONS is JSON: a list of attempts, each a list of request bodies, sent one after another over one client.
httpx, server-sent events split by hand, json.loads, a score, and for each attempt one commit to SQLite in WAL mode;
with --thread in a thread of its own, as it must be where an event loop takes time stamps and may not wait for a disk.
"""

import asyncio
import json
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

Piece = tuple[str, str, str, dict[str, Any]]
"""What an event brings: text, a call's name, a piece of its arguments, token counts."""


def openai(value: dict[str, Any]) -> Piece:
    """An event of chat completions."""
    delta = value["choices"][0]["delta"] if value.get("choices") else {}
    function = delta["tool_calls"][0]["function"] if delta.get("tool_calls") else {}
    text, usage = delta.get("content") or "", value.get("usage") or {}
    return text, function.get("name") or "", function.get("arguments") or "", usage


def anthropic(value: dict[str, Any]) -> Piece:
    """An event of Messages."""
    delta, block = value.get("delta") or {}, value.get("content_block") or {}
    pieces = delta.get("text") or "", block.get("name") or "", delta.get("partial_json") or ""
    return (*pieces, value.get("usage") or {})


async def ask(client: httpx.AsyncClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call: its text, its tool call, its stamps and all its bytes."""
    read = anthropic if url.endswith("/messages") else openai
    text, name, arguments, raw, left = "", "", "", b"", b""
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
                if line.startswith(b"data: {"):
                    said, called, argued, counted = read(json.loads(line[6:]))
                    text, name, arguments = text + said, name or called, arguments + argued
                    usage = counted or usage
                    stamps.append(at - start)
    call = (name, json.loads(arguments)) if name else None
    return {"text": text, "call": call, "usage": usage, "stamps": stamps, "raw": raw, "ns": stamps[-1]}


def score(body: dict[str, Any], answer: dict[str, Any]) -> int:
    """As little as can be called a score: a call of an offered tool with all that it requires."""
    if answer["call"] is None:
        return 0
    name, arguments = answer["call"]
    tools = [tool.get("function") or tool for tool in body.get("tools", ())]
    offered = {tool["name"]: tool.get("parameters") or tool["input_schema"] for tool in tools}
    return 3 if name in offered and set(offered[name].get("required", ())) <= set(arguments) else 0


def commit(database: sqlite3.Connection, *values: object) -> None:
    """Store an attempt."""
    database.execute("INSERT INTO attempt VALUES (?, ?, ?)", values)
    database.commit()


async def run(
    url: str,
    attempts: list[list[dict[str, Any]]],
    database: sqlite3.Connection,
    thread: ThreadPoolExecutor | None,
) -> None:
    """All attempts, one after another."""
    async with httpx.AsyncClient(timeout=60) as client:
        for attempt in attempts:
            answers = [await ask(client, url, body) for body in attempt]
            kept = json.dumps([{**answer, "raw": answer["raw"].decode()} for answer in answers])
            latency = sum(answer["ns"] for answer in answers)
            points = score(attempt[-1], answers[-1])
            if thread is None:
                commit(database, latency, points, kept)
            else:
                await asyncio.get_running_loop().run_in_executor(
                    thread, commit, database, latency, points, kept
                )


def main() -> None:
    """Run what the command line names."""
    url, conversations, path, *options = sys.argv[1:]
    thread = ThreadPoolExecutor(1) if options == ["--thread"] else None
    database = sqlite3.connect(path, check_same_thread=thread is None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE IF NOT EXISTS attempt (latency INTEGER, points INTEGER, turns TEXT)")
    asyncio.run(run(url, json.loads(Path(conversations).read_text(encoding="utf-8")), database, thread))
    database.close()


if __name__ == "__main__":
    main()
