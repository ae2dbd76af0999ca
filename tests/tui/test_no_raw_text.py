"""A lint: no raw string but a literal enters a widget. What is not literal passes safe() or is a Content or Text."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import milo_tui.tui

ROOM = Path(milo_tui.tui.__file__).parent
FILES = sorted(ROOM.rglob("*.py"))

PARSING = set(
    "Static Label Button Checkbox RadioButton Option ListItem TabPane Tab Collapsible Placeholder".split()
)
"""Widgets (and what goes into them) that read markup in a plain string."""
FEEDING = set("update add_row add_rows add_column add_columns add_option add_options set_options".split())
TITLES = set("border_title border_subtitle tooltip loading_text".split())
SAFE = set("safe safe_line Text Content".split())
"""Calls that make harmless text, besides the room's own functions that return Content or Text."""
HARMLESS = ("Content", "Text", "Line", "Option", "Strip", "RenderResult", "VisualType", "object")


def name_of(node: ast.AST) -> str:
    """The last part of a name: `update` of `self.line.update`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


Annotations = dict[str, set[str]]
"""What a name is said to be; underscores in front do not count."""


def annotations(tree: ast.AST) -> Annotations:
    """What the names of a file are annotated as: arguments, fields, and what functions return."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, returns=ast.expr() as kind):
                found[name.strip("_")].add(ast.unparse(kind))
                found[name.strip("_") + "()"].add(ast.unparse(kind))
            case ast.arg(arg=name, annotation=ast.expr() as kind):
                found[name.strip("_")].add(ast.unparse(kind))
            case ast.AnnAssign(target=target, annotation=kind):
                found[name_of(target).strip("_")].add(ast.unparse(kind))
    return found


@dataclass
class Room:
    """What the names of all files stand for, and the fields of each class."""

    names: Annotations
    fields: dict[str, Annotations]

    @classmethod
    def of(cls, trees: Iterable[ast.Module]) -> "Room":
        """Gather from the files."""
        room = cls({}, {})
        for tree in trees:
            for name, kinds in annotations(tree).items():
                room.names.setdefault(name, set()).update(kinds)
            classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
            room.fields |= {node.name.lower(): annotations(node) for node in classes}
        return room


class Kinds:
    """What names stand for in one file: the fields of a class, then what the file says, then the whole room."""

    def __init__(self, tree: ast.Module, room: Room) -> None:
        self.room = room
        self.here = annotations(tree)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and is_safe(node.value, self)
            ):
                self.here.setdefault(name_of(node.targets[0]).strip("_"), set()).add("Content")

    def harmless(self, node: ast.expr, called: bool = False) -> bool:
        """Whether nothing by that name is said to be a string."""
        name = name_of(node).strip("_") + "()" * called
        owner = name_of(node.value).strip("_").lower() if isinstance(node, ast.Attribute) else ""
        known = (self.room.fields.get(owner, {}), self.here, self.room.names)
        kinds = next((names[name] for names in known if name in names), set())
        return bool(kinds) and all(any(word in kind for word in HARMLESS) for kind in kinds)


def is_safe(node: ast.expr, kinds: Kinds) -> bool:
    """Whether an expression is a literal without markup, or text that is taken literally."""
    match node:
        case ast.Constant(value=str(text)):
            return "[" not in text
        case ast.Constant():
            return True
        case ast.Call(
            func=ast.Attribute(value=made, attr=("stylize" | "append" | "join" | "truncate" | "copy"))
        ):
            return not isinstance(made, ast.Constant) and is_safe(made, kinds)
        case ast.Call(func=function):
            return name_of(function) in SAFE or kinds.harmless(function, called=True)
        case ast.Name() | ast.Attribute():
            return kinds.harmless(node)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
            return is_safe(one, kinds) and is_safe(other, kinds)
        case ast.Starred(value=inner):
            return is_safe(inner, kinds)
    return False


def offences(tree: ast.Module, kinds: Kinds) -> Iterator[str]:
    """Each place where a raw string could enter a widget."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node, name_of(node.func), kinds)
        elif (
            isinstance(node, ast.Assign)
            and name_of(node.targets[0]) in TITLES
            and not is_safe(node.value, kinds)
        ):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _in_call(node: ast.Call, name: str, kinds: Kinds) -> Iterator[str]:
    told = f"{node.lineno}: {ast.unparse(node)}"
    marked = {word.arg: ast.unparse(word.value) for word in node.keywords}
    if name == "notify":
        if marked.get("markup") != "False" or not _is_sanitised(node.args[0]):
            yield told
    elif name == "from_markup":
        if not isinstance(node.args[0], ast.Constant):
            yield told
    elif name in PARSING or (name in FEEDING and _on_a_widget(node)):
        literal = marked.get("markup") == "False"
        yield from () if literal or all(is_safe(arg, kinds) for arg in node.args) else (told,)


def _on_a_widget(node: ast.Call) -> bool:
    """`update` is a word of dicts and sets too: those of a widget are fed no dict, set or generator."""
    return not any(isinstance(arg, ast.Dict | ast.Set | ast.GeneratorExp | ast.DictComp) for arg in node.args)


def _is_sanitised(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Call) and name_of(node.func) in ("sanitise", "one_line")
    )


TREES = {file: ast.parse(file.read_text("utf-8")) for file in FILES}
KNOWN = Room.of(TREES.values())
NOTHING_KNOWN = Kinds(ast.parse(""), KNOWN)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))
def test_no_raw_text_enters_a_widget(file: Path) -> None:
    assert list(offences(TREES[file], Kinds(TREES[file], KNOWN))) == []


@pytest.mark.parametrize(
    "line",
    [
        "Static(f'{name}')",
        "Label(model.name)",
        "Static('[b]x[/b]')",
        "line.update(name)",
        "line.update('a' + name)",
        "self.notify(name)",
        "self.notify(name, markup=False)",
        "self.notify(sanitise(name))",
        "Content.from_markup(f'{name}')",
        "self.border_title = name",
        "Button(str(number))",
        "Option('%s' % name)",
        "table.add_row(name, safe(other))",
        "Static(', '.join(names))",
    ],
)
def test_the_lint_sees(line: str) -> None:
    assert list(offences(ast.parse(line), NOTHING_KNOWN)) != []


@pytest.mark.parametrize(
    "line",
    [
        "Static()",
        "Static('words of our own')",
        "Static(safe(name))",
        "Static(safe(name).append('x'))",
        "line.update(safe_line(a) if a else Text('nothing'))",
        "self.notify(sanitise(name), markup=False)",
        "Content.from_markup('$x', x=name)",
        "self.border_title = safe(name)",
        "seen.update({name: 1})",
        "Static(name, markup=False)",
    ],
)
def test_the_lint_passes(line: str) -> None:
    assert list(offences(ast.parse(line), NOTHING_KNOWN)) == []
