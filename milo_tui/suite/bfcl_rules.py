"""BFCL's own rules for a function call, as a mode of matching: what its AST checker takes, this takes.

The Berkeley Function Calling Leaderboard accepts for each argument a list of values; `""` among them means that
the argument may be left out. Its rules, kept here with all that is odd about them, so that a score by them can
be compared with BFCL's (tests/oracle holds them against BFCL's checker):

- types are Python's and exact: 5.0 is no integer and true no 1; but an integer will do for a float argument,
  though not inside a list;
- strings are compared without case, spaces and any of `, . / - _ * ^`, and with ' for ";
- where the first accepted value is of another type than the function states, it is taken for a variable's name,
  and values of that type are compared as they stand;
- dicts are compared one level deep, by Python's equality, for which 1 is True.

Where BFCL's checker would end with an exception, the call is not accepted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milo_tui.suite.json_text import JSON, show

TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
"""BFCL's names of types, and what a value must be."""

_IGNORED = re.compile(r"[ ,./\-_*^]")

Call = Mapping[str, Mapping[str, JSON]]
"""A call, or what is accepted for one, as BFCL writes it: `{function's name: {argument: …}}`."""


def accepts(functions: Iterable[Mapping[str, Any]], accepted: Sequence[Call], calls: Sequence[Call]) -> bool:
    """BFCL's verdict on all calls of an answer: as many as expected, and each expected one is found among them.

    Greedy, as BFCL is: each expected call takes the first call that fits it, in BFCL's order.
    """
    described = {function["name"]: function["parameters"] for function in functions}
    left = list(calls)
    if len(left) != len(accepted):
        return False
    for expected in accepted:
        name, options = next(iter(expected.items()))
        taken = next(
            (i for i, call in enumerate(left) if name in call and fits(described[name], options, call[name])),
            None,
        )
        if taken is None:
            return False
        del left[taken]
    return True


def fits(parameters: Mapping[str, Any], accepted: Mapping[str, Any], arguments: JSON) -> bool:
    """Whether BFCL takes one call's arguments."""
    return fault(parameters, accepted, arguments) is None


def fault(parameters: Mapping[str, Any], accepted: Mapping[str, Any], arguments: JSON) -> str | None:
    """What BFCL has against one call's arguments, in words; None where it takes them.

    `parameters` are the function's as BFCL types them, `accepted` is argument → list of accepted values.
    """
    if not isinstance(arguments, dict):
        return f"expected an object, found {show(arguments)}"
    for name in parameters.get("required", []):
        if name not in arguments:
            return f"{name}: is required, but missing"
    for name, value in arguments.items():
        if name not in parameters["properties"] or name not in accepted:
            return f"{name}: expected to be left out, found {show(value)}"
        if not _value_fits(parameters["properties"][name], accepted[name], value):
            return f"{name}: expected by BFCL's rules one of {show(accepted[name])}, found {show(value)}"
    for name, options in accepted.items():
        if name not in arguments and "" not in options:
            return f"{name}: expected one of {show(options)}, but it is missing"
    return None


def is_readable(argument: Any) -> bool:
    """Whether a prompt's `$bfcl` holds what `fault` reads."""
    try:
        properties = argument["parameters"]["properties"].values()
        kinds = [(TYPES[item["type"]], item.get("items", {"type": "string"})) for item in properties]
        known = all(items["type"] in TYPES for _, items in kinds)
        return known and all(isinstance(options, list) for options in argument["accepted"].values())
    except (AttributeError, KeyError, TypeError):
        return False


def standard(text: str) -> str:
    """A string as BFCL compares it."""
    return _IGNORED.sub("", text).lower().replace("'", '"')


def _standard(value: JSON) -> JSON:
    return standard(value) if isinstance(value, str) else value


def _value_fits(parameter: Mapping[str, Any], options: list[JSON], value: JSON) -> bool:
    kind = parameter["type"]
    wanted = TYPES[kind]
    inner = TYPES[parameter["items"]["type"]] if wanted is list else None
    if kind == "float" and type(value) is int:
        value = float(value)
    if not _type_fits(value, options, wanted, inner):
        return False
    if _is_variable(value, options, wanted):
        return value in options
    if wanted is dict:
        return any(option != "" and _dict_fits(option, value) for option in options)
    if inner is dict:
        return any(_dicts_fit(option, value) for option in options)
    if wanted is str:
        return standard(value) in [standard(option) for option in options if isinstance(option, str)]
    if wanted is list:
        found = [_standard(item) for item in value]
        return any(found == [_standard(item) for item in option] for option in options if _is_listed(option))
    return value in options


def _is_listed(option: JSON) -> bool:
    # BFCL walks over "" as over an empty list, so that an empty list passes for an argument left out.
    return isinstance(option, list) or option == ""


def _first_type(options: Iterable[JSON]) -> type | None:
    """The type of the first accepted value, by which BFCL tells a variable's name from a value."""
    return next((type(option) for option in options if option != ""), None)


def _is_variable(value: JSON, options: list[JSON], wanted: type) -> bool:
    if type(value) is not wanted:
        return True
    return _first_type(options) not in (None, wanted)


def _type_fits(value: JSON, options: list[JSON], wanted: type, inner: type | None) -> bool:
    if type(value) is not wanted:
        return type(value) is _first_type(options)
    if inner is None or not isinstance(value, list):
        return True
    return any(
        # An accepted value that is no list lets everything pass here; the comparison comes later.
        not isinstance(option, list) or all(_type_fits(item, option, inner, None) for item in value)
        for option in options
    )


def _dict_fits(option: JSON, value: JSON) -> bool:
    if not isinstance(value, dict) or not isinstance(option, dict):
        return False
    if not all(isinstance(choices, list) for choices in option.values()):
        return False
    for key, item in value.items():
        if key not in option or _standard(item) not in [_standard(choice) for choice in option[key]]:
            return False
    return all(key in value or "" in choices for key, choices in option.items())


def _dicts_fit(option: JSON, value: list[JSON]) -> bool:
    return (
        _is_listed(option)
        and len(option) == len(value)
        and all(wanted != "" and _dict_fits(wanted, item) for wanted, item in zip(option, value, strict=True))
    )
