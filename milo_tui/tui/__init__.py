"""The terminal app.

An arrow key begins with an esc, so after one Textual waits for more. 25 ms is far more than a terminal lets pass within
a key. Textual reads ESCDELAY when it is imported; a user's own value holds, as in curses.
"""

import os

os.environ.setdefault("ESCDELAY", "25")
