"""The rooms and the direction of the arrows, and what a command may import."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_rooms_know_only_those_below() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_list_of_runs_imports_no_interface_no_model_and_no_schema() -> None:
    script = (
        "import sys\n"
        "from milo_tui.cli import main\n"
        "sys.argv = ['milo', 'runs']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('textual', 'mlx', 'jsonschema', 'httpx') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
