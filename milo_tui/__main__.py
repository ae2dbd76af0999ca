"""`python -m milo_tui` is `milo`."""

from milo_tui.cli import main

if __name__ == "__main__":
    main()
