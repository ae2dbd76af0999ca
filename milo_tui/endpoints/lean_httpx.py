"""httpx as a client needs it: `from milo_tui.endpoints.lean_httpx import httpx`.

Without its command line, which it would import together with Click, Rich and Pygments wherever those are installed:
half of its time. And with the knowledge that sniffio is not there, where it is not: httpcore would look for it in all
of sys.path four times a request, a quarter of a call.
"""

import sys
from importlib.util import find_spec

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx as httpx  # noqa: E402

if sys.modules["httpx._main"] is None:
    del sys.modules["httpx._main"]

if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]
