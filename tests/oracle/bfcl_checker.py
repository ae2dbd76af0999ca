"""BFCL's own AST checker as a function, and its data."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from milo_tui.suite_lab.bfcl import CATEGORIES, Record, data_folder, read

_REASON = "BFCL's checker is not installed (bfcl-eval); tests/oracle/__init__.py says how"


def folder() -> Path:
    """Where BFCL's data lies; skips the test where the package is absent."""
    package = pytest.importorskip("bfcl_eval", reason=_REASON)
    return data_folder(Path(package.__file__).parent)


def records() -> list[Record]:
    """Every Python-typed record that has gold calls."""
    place = folder()
    return [record for name in CATEGORIES for record in read(place, name) if record.accepted is not None]


def verdict(record: Record, calls: list[dict[str, Any]]) -> tuple[bool, str]:
    """BFCL's verdict on an answer's calls, and the kind of error that it names (or the exception it ends with)."""
    _stub_model_config()
    from bfcl_eval.constants.enums import Language
    from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker

    try:
        found = ast_checker(
            record.functions, calls, record.accepted, Language.PYTHON, record.category, "any model"
        )
    except Exception as error:
        return False, f"raises {type(error).__name__}"
    return bool(found["valid"]), str(found.get("error_type", ""))


class _Model:
    underscore_to_dot = False


class _Models(dict[str, _Model]):
    def __missing__(self, name: str) -> _Model:
        return _Model()


def _stub_model_config() -> None:
    """The checker asks it one thing only, and it imports every provider's client."""
    name = "bfcl_eval.constants.model_config"
    if name not in sys.modules:
        module = types.ModuleType(name)
        module.MODEL_CONFIG_MAPPING = _Models()  # type: ignore[attr-defined]
        sys.modules[name] = module
