"""The user's [keymap]: which ids there are to move keys by, and what is wrong with a map."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from textual.binding import Binding
from textual.dom import DOMNode


def known_ids() -> set[str]:
    """The ids of all bindings of Milo's screens and widgets."""
    from milo_tui.tui import frame, screens, widgets

    names = [
        f"{room.__name__}.{found.name}"
        for room in (screens, widgets)
        for found in iter_modules(room.__path__)
    ]
    modules = (frame, *map(import_module, names))
    nodes = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DOMNode)
    ]
    bindings = [binding for node in nodes for binding in node.BINDINGS if isinstance(binding, Binding)]
    return {binding.id for binding in bindings if binding.id}


def problems(keymap: Mapping[str, str]) -> list[str]:
    """A sentence for each id that there is not."""
    if not keymap:
        return []
    known = known_ids()
    return [_unknown(id, known) for id in keymap if id not in known]


def _unknown(id: str, known: set[str]) -> str:
    close = get_close_matches(id, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "? shows the ids of the keys that work on a screen."
    return f"[keymap] in milo.toml: there is no key {id}; {hint}"
