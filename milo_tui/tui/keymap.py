"""The user's [keymap]: what is wrong with it."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from textual.binding import Binding
from textual.dom import DOMNode

from milo_tui.tui import base_app, screens, widgets


def known_ids() -> set[str]:
    """Return the ids of all bindings of Milo's screens and widgets."""
    modules = [base_app]
    for package in (screens, widgets):
        modules += [
            import_module(found.name) for found in iter_modules(package.__path__, f"{package.__name__}.")
        ]
    nodes = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DOMNode)
    ]
    bindings = [binding for node in nodes for binding in node.BINDINGS if isinstance(binding, Binding)]
    return {binding.id for binding in bindings if binding.id}


def keymap_problems(keymap: Mapping[str, str]) -> list[str]:
    """Return a sentence for each id that does not exist."""
    if not keymap:
        return []
    known = known_ids()
    return [_problem(id, known) for id in keymap if id not in known]


def _problem(id: str, known: set[str]) -> str:
    close = get_close_matches(id, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "? shows the ids of a screen's keys."
    return f"[keymap] in milo.toml: there is no key {id}; {hint}"
