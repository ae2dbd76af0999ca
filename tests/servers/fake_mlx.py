"""A stand-in for `mlx_lm.server`, started as Milo starts the real one; what it does is in its weights' folder.

`plan.json` there lists, for each start in turn (the last again and again), how it behaves; the file `starts`
counts. Behaviours: see `Plan` in tests/mlx/test_server.py.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FINGERPRINT = "0.31.2-0.31.1-Linux-x86_64"


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


FOLDER = Path(option("--model"))
with (FOLDER / "starts").open("a") as starts:
    starts.write(".")
NUMBER = len((FOLDER / "starts").read_text())
PLANS = json.loads((FOLDER / "plan.json").read_text())
PLAN = PLANS[min(NUMBER, len(PLANS)) - 1]
(FOLDER / "environment.json").write_text(json.dumps(dict(os.environ)))
(FOLDER / "arguments.json").write_text(json.dumps(sys.argv))


class Handler(BaseHTTPRequestHandler):
    answered = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Handler.answered += 1
        if PLAN["after"] is not None and Handler.answered > PLAN["after"]:
            self.fail(PLAN["then"])
            return
        if PLAN["then"] == "cut" and request.get("stream"):
            self.stream(b'data: {"choices": [{"index": 0, "delta": {"content": "He"}}]}\n\n')
            return
        message = {"role": "assistant", "content": "OK"}
        body = {
            "object": "chat.completion",
            "system_fingerprint": FINGERPRINT,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1},
        }
        if request.get("stream"):
            chunk = {**body, "choices": [{"index": 0, "finish_reason": "stop", "delta": message}]}
            self.stream(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")
        else:
            self.whole(200, body)

    def fail(self, how: str) -> None:
        if how == "dead":
            self.whole(404, {"error": "generation thread died"})
        elif how == "hang":
            time.sleep(3600)
        elif how == "exit":
            self.stream(b'data: {"choices": [{"index": 0, "delta": {"content": "He"}}]}\n\n')
            os._exit(9)

    def stream(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def whole(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def end_with_the_starter() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    sys.stderr.write(f"{PLAN['log']}\n")
    sys.stderr.flush()
    if PLAN["load"] == "exit":
        os._exit(1)
    if PLAN["load"] == "no port":
        time.sleep(3600)
    server = ThreadingHTTPServer(("127.0.0.1", int(option("--port"))), Handler)
    if PLAN["load"] == "stays dead":
        PLAN.update(after=0, then="dead")
    server.serve_forever()


main()
