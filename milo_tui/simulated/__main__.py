"""Reads a script (one line of JSON) from stdin, prints a port, serves until stdin is closed."""

import asyncio
import signal
import sys

from milo_tui.simulated.script import Script
from milo_tui.simulated.server import SimulatedServer


def main() -> None:
    """Run the server; when the parent is gone, even killed, its end of stdin is closed and so is this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(Script.from_json(sys.stdin.buffer.readline())))


async def serve(script: Script) -> None:
    """Listen on a free port of loopback, say which on stdout, and serve until stdin is at its end."""
    server = await asyncio.start_server(SimulatedServer(script).serve_connection, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await _end_of_stdin()
    server.close()


async def _end_of_stdin() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


if __name__ == "__main__":
    main()
