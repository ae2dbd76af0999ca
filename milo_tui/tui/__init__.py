"""The views.

Importing any of them says, before Textual reads it, how long an esc waits for what may follow it: see esc_driver.
`ESCDELAY`, in milliseconds, has the last word, as in curses.
"""

import os

os.environ.setdefault("ESCDELAY", "25")
