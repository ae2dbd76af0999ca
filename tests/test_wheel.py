"""What pip installs is the whole program: its files, and the dependencies that it declares."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
COME_ALONG = {"_typeshed", "huggingface_hub"}
"""The type checker's own stubs, and what mlx-lm always brings."""


def test_a_built_wheel_runs_the_demo(tmp_path: Path) -> None:
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(ROOT))
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    # The wheel's files come before those of the checkout, from which this interpreter has Milo otherwise.
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    where = _run(sys.executable, "-c", "import milo_tui; print(milo_tui.__file__)", **environment)
    assert where.startswith(str(tmp_path / "site"))
    demo = ("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", "1")
    shown = _run(sys.executable, "-m", "milo_tui", *demo, **environment)
    assert "Error recovery" in shown
    assert "Total" in shown


def _run(*words: str, **environment: str) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_what_is_imported_is_declared() -> None:
    """Every package that a module of Milo names belongs to one of the dependencies in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_normal(re.split(r"[\[<>=; ]", line)[0]) for line in project["dependencies"]}
    homes = metadata.packages_distributions()
    undeclared = {
        package
        for file in (ROOT / "milo_tui").rglob("*.py")
        for package in _imported(ast.parse(file.read_text(encoding="utf-8")))
        if package not in sys.stdlib_module_names and package != "milo_tui"
        if not declared & {_normal(name) for name in homes.get(package, [])}
    }
    assert undeclared - COME_ALONG == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
