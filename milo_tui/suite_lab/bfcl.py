"""BFCL's single-turn categories → a suite of ours.

BFCL (the Berkeley Function Calling Leaderboard, Apache-2.0) asks once and judges the one reply, yes or no. A
record becomes a prompt of one turn (`max_turns: 1`): no tool's result is invented, and calls that belong together
must come together, as BFCL wants them. All three points together are BFCL's yes. What a point is for:

- records with gold calls: the right functions, each as often as expected · the right values · no further call;
- irrelevance (no function fits): no call · an answer in words · both of these at once. A call earns nothing, and
  neither does silence;
- relevance (some function fits; BFCL does not say which): a function is called · one that there is, with
  arguments that fit its schema · and so is every call.

A record that cannot be brought in is named with the reason: its gold cannot be reached, its question is a whole
conversation, its values are Java's or JavaScript's source text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from milo_tui.errors import MiloError
from milo_tui.suite import yaml_lines
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.suite.json_text import JSON, show
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play
from milo_tui.suite.validation import validate
from milo_tui.suite_lab import bfcl_schema
from milo_tui.suite_lab.checking import Verdict, check_prompt
from milo_tui.suite_lab.script import sites
from milo_tui.suite_lab.values import example

CATEGORIES: Mapping[str, str] = {
    "simple_python": "Simple",
    "multiple": "Multiple",
    "parallel": "Parallel",
    "parallel_multiple": "Parallel multiple",
    "irrelevance": "Irrelevance",
    "live_simple": "Live simple",
    "live_multiple": "Live multiple",
    "live_parallel": "Live parallel",
    "live_parallel_multiple": "Live parallel multiple",
    "live_irrelevance": "Live irrelevance",
    "live_relevance": "Live relevance",
}
"""The categories that are brought in, in the report's order, with their titles."""

OTHER_LANGUAGES: Mapping[str, str] = {"simple_java": "Java", "simple_javascript": "JavaScript"}
"""The single-turn categories that are not, and the language that their values are written in."""

Rules = Literal["native", "bfcl"]


class BfclError(MiloError):
    """A folder that holds no BFCL data; its text is one sentence for a person."""


@dataclass(frozen=True)
class Record:
    """A question of BFCL's with its functions; `accepted` is None where BFCL gives no gold calls."""

    id: str
    category: str
    messages: list[dict[str, str]]
    functions: list[dict[str, Any]]
    accepted: list[dict[str, dict[str, list[JSON]]]] | None

    @property
    def names(self) -> dict[str, str]:
        """Function's name → the legal name that its tool has."""
        return bfcl_schema.legal_names(function["name"] for function in self.functions)

    def as_bfcl(self, name: str, arguments: JSON) -> dict[str, JSON]:
        """A call of a tool as BFCL writes it, under the function's own name."""
        originals = {legal: original for original, legal in self.names.items()}
        return {originals.get(name, name): arguments}


@dataclass
class Report:
    """What became of the records: how many were brought in by category, and why the others were not."""

    imported: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Record's id → the reason."""


def data_folder(folder: Path) -> Path:
    """The folder of BFCL's data in or under `folder`. Raises BfclError."""
    for place in (folder, folder / "data", folder / "bfcl_eval" / "data"):
        if _file(place, "simple_python") is not None:
            return place
    raise BfclError(
        f"{folder} holds no BFCL data: no file such as BFCL_v4_simple_python.json lies in it, in data or in "
        "bfcl_eval/data. The package bfcl-eval has it: pip install --no-deps --target DIR bfcl-eval"
    )


def _file(folder: Path, category: str) -> Path | None:
    """A category's file. The version in its name rises with BFCL's; the newest counts."""
    found = sorted(folder.glob(f"BFCL_v[0-9]*_{category}.json"))
    exact = [path for path in found if path.stem.split("_", 2)[2] == category]
    return exact[-1] if exact else None


def read(folder: Path, category: str) -> Iterator[Record]:
    """The records of a category; none where the data does not have it. Raises BfclError."""
    path = _file(folder, category)
    if path is None:
        return
    answers = folder / "possible_answer" / path.name
    accepted = {item["id"]: item["ground_truth"] for item in _lines(answers)} if answers.exists() else {}
    for item in _lines(path):
        try:
            messages = [message for turn in item["question"] for message in turn]
            yield Record(item["id"], category, messages, item["function"], accepted.get(item["id"]))
        except (KeyError, TypeError):
            raise BfclError(f"{path}: is no record of BFCL's: {show(item)}") from None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """JSON Lines, despite the name's ending."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise BfclError(f"{path}:{number}: is not JSON ({error}).") from None


def convert(record: Record, rules: Rules = "native") -> Prompt:
    """A record as a prompt. Raises ValueError with the reason where it cannot be one."""
    roles = [message["role"] for message in record.messages]
    if roles not in (["user"], ["system", "user"]):
        raise ValueError(f"its question is a conversation of {len(roles)} messages; a prompt asks once")
    for function in record.functions:
        if (name := bfcl_schema.illegal_argument(function["parameters"])) is not None:
            raise ValueError(f"an API would refuse the name of its argument {name}")
    fields = {
        "id": f"{record.category}/{record.id}",
        "title": " and ".join(dict.fromkeys(_gold_names(record))) or CATEGORIES[record.category],
        **{message["role"]: message["content"] for message in record.messages},
        "tools": [_tool(function, record.names) for function in record.functions],
        "max_turns": 1,
        **_judged(record, rules),
    }
    try:
        prompt = Prompt.model_validate(fields)
    except ValidationError as error:
        raise ValueError(_said(error)) from None
    _prove(prompt)
    if _is_relevance(record):
        return _with_reasons(prompt, "Any function will do.")
    if any(site.failed for site in sites(prompt)):
        return _with_reasons(
            prompt, "BFCL's gold breaks the function's own types, so that the tool refuses it."
        )
    return prompt


def _is_relevance(record: Record) -> bool:
    return record.accepted is None and "irrelevance" not in record.category


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _prove(prompt: Prompt) -> None:
    if found := validate(prompt):
        where, message = found[0]
        raise ValueError(f"{'.'.join(map(str, where))}: {message}")
    result = score(prompt, play(prompt, prompt.reference))
    if result.points < POINTS_PER_PROMPT:
        why = next(check.reason for check in result.checks if not check.passed)
        raise ValueError(f"its gold does not satisfy its own rules: {why}")


def _with_reasons(prompt: Prompt, reason: str) -> Prompt:
    """The prompt with this reason for each mutation that BFCL's own rules do not notice."""
    row = check_prompt(prompt)[1]
    survived = [name for name, cell in row.items() if cell.verdict is Verdict.SURVIVED]
    return prompt.model_copy(update={"harmless": dict.fromkeys(survived, reason)})


def _gold_names(record: Record) -> list[str]:
    return [name for call in record.accepted or [] for name in call]


def _tool(function: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    schema = bfcl_schema.json_schema(function["parameters"])
    # Two records state a default for the arguments as a whole, and it is no object.
    schema.pop("default", None)
    name = names[function["name"]]
    return {
        "name": name,
        "description": function["description"] or name,
        "parameters": schema,
        "replies": [{"result": None}],
    }


def _judged(record: Record, rules: Rules) -> dict[str, Any]:
    if record.accepted is not None:
        return _calls(record, record.accepted, rules)
    if _is_relevance(record):
        return _some_call(record)
    return (
        {**_NO_CALL, "harmless": {"claimed_success": "BFCL judges no words."}}
        if record.functions
        else _NO_CALL
    )


_SAYS_SOMETHING = {"contains_any": [{"$regex": r"\S"}]}
_NO_CALL = {
    "reference": [{"say": "None of the functions at hand can do that."}],
    "checks": [
        {"title": "calls no function", "no_call": True},
        {"title": "answers in words", "answer": _SAYS_SOMETHING},
        {"title": "answers in words instead of a call", "no_call": True, "answer": _SAYS_SOMETHING},
    ],
}


def _some_call(record: Record) -> dict[str, Any]:
    first = record.functions[0]
    arguments = example(bfcl_schema.json_schema(first["parameters"]))
    return {
        "reference": [{"call": {record.names[first["name"]]: arguments}}],
        "checks": [
            {"title": "calls a function", "some_call": "made"},
            {"title": "one that there is, in its own form", "some_call": "taken"},
            {"title": "and so is every call", "some_call": "all taken"},
        ],
    }


def _calls(record: Record, accepted: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    parameters = {function["name"]: function["parameters"] for function in record.functions}
    names = record.names
    gold, valued = [], []
    for call in accepted:
        name, options = next(iter(call.items()))
        if name not in parameters:
            raise ValueError(f"its gold calls {name}, which is not among its functions")
        matcher: Any = bfcl_schema.arguments_matcher(parameters[name], options)
        if rules == "bfcl":
            matcher = {"$bfcl": {"parameters": typed(parameters[name]), "accepted": options}}
        valued.append({names[name]: matcher})
        gold.append({names[name]: bfcl_schema.gold_arguments(options, parameters[name])})
    named = [{name: {"$anything": True}} for call in gold for name in call]
    return {
        "reference": [{"calls": gold}],
        "checks": [
            {"title": "calls the right functions", "calls": named},
            {"title": "with the right values", "calls": valued},
            {"title": "and makes no further call", "calls": named, "others": "none"},
        ],
    }


def typed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As much of a function's parameters as BFCL's rules look at."""
    properties = {
        name: {
            "type": item["type"],
            **({"items": {"type": item["items"]["type"]}} if "items" in item else {}),
        }
        for name, item in parameters["properties"].items()
    }
    return {"properties": properties, "required": parameters.get("required", [])}


def suite_files(folder: Path, rules: Rules, report: Report) -> Iterator[tuple[str, str]]:
    """The files of the suite that BFCL's data in `folder` makes: (path in the suite's folder, text).

    `report` is filled on the way. Raises BfclError.
    """
    data = data_folder(folder)
    found = []
    for category in CATEGORIES:
        for record in read(data, category):
            try:
                prompt = convert(record, rules)
            except ValueError as error:
                report.refused[record.id] = str(error)
                continue
            except (KeyError, TypeError, AttributeError) as error:
                report.refused[record.id] = f"it is not in BFCL's form ({type(error).__name__}: {error})"
                continue
            report.imported[category] = report.imported.get(category, 0) + 1
            yield f"{prompt.id}.yaml", _text(record, prompt)
        if category in report.imported:
            found.append({"id": category, "title": CATEGORIES[category]})
    for category, language in OTHER_LANGUAGES.items():
        for record in read(data, category):
            report.refused[record.id] = f"its values are source text of {language}"
    title = f"BFCL, single turn{', by its own rules' if rules == 'bfcl' else ''}"
    yield "suite.yaml", dump({"name": "bfcl", "version": 1, "title": title, "categories": found})
    yield "NOTICE", _NOTICE


_NOTICE = """\
The prompts in this folder are made from the data of the Berkeley Function Calling Leaderboard (BFCL),
Copyright the Gorilla LLM team, UC Berkeley; Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0.
https://gorilla.cs.berkeley.edu/leaderboard.html
Changed: the form of the files, the types of the arguments (JSON Schema), and names that an API would refuse.
"""


def _text(record: Record, prompt: Prompt) -> str:
    renamed = [
        f"# {legal} is {original} there." for original, legal in record.names.items() if legal != original
    ]
    head = [f"# BFCL's {record.id}; Apache-2.0, see NOTICE.", *renamed]
    return "\n".join(head) + "\n" + dump(prompt.model_dump(mode="json", by_alias=True, exclude_unset=True))


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """PyYAML's safe dumper; it quotes what YAML 1.1 takes for something else than text, and what we do."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, value: str) -> Any:
    many_lines = "\n" in value and not any(line != line.rstrip() for line in value.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if many_lines else None)


_Dumper.add_representer(str, _represent_text)
for _kind, _pattern, _firsts in yaml_lines.SCALARS:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list(_firsts))


def dump(value: Any) -> str:
    """A value as a YAML document in block style, its keys in their order."""
    return str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))
