"""A folder of prompt files → a Suite. Every error names the file, the line and the field."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from milo_tui.suite import yaml_lines
from milo_tui.suite.prompt import Category, Prompt, Suite, SuiteFile, natural_key

Model = TypeVar("Model", bound=BaseModel)

_SCORING_FIELDS = {"id", "version", "system", "user", "tools", "max_turns", "checks"}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a suite: where, and a sentence."""

    file: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class SuiteError(Exception):
    """A suite that cannot be loaded; `problems` says each thing that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load_suite(folder: Path) -> Suite:
    """Load a folder of the form `suite.yaml`, `<category>/<name>.yaml`. Raises SuiteError."""
    suite_path = folder / "suite.yaml"
    if not folder.is_dir():
        raise SuiteError(
            [Problem(folder, 1, "", "there is no such folder; give the folder that holds suite.yaml")]
        )
    file, _ = _read(suite_path, SuiteFile)
    problems: list[Problem] = []
    prompts: list[Prompt] = []
    for category in file.categories:
        for path in _prompt_files(folder, suite_path, category, problems):
            try:
                prompts.append(load_prompt(path, f"{category.id}/{path.stem}"))
            except SuiteError as error:
                problems += error.problems
    problems += _strays(folder, file)
    if not prompts and not problems:
        problems.append(Problem(suite_path, 1, "categories", "no prompt file lies in any of these folders"))
    if problems:
        raise SuiteError(problems)
    return Suite(file=file, prompts=tuple(prompts), digest=digest(prompts))


def load_prompt(path: Path, expected_id: str | None = None) -> Prompt:
    """Load one prompt file; its id must be `expected_id` where that is given. Raises SuiteError."""
    from milo_tui.suite.linting import lint

    prompt, document = _read(path, Prompt)
    found = lint(prompt)
    if expected_id is not None and prompt.id != expected_id:
        found.insert(0, (("id",), f"is {prompt.id}, but the file's place says {expected_id}"))
    if found:
        raise SuiteError([_problem(path, document, where, message) for where, message in found])
    return prompt


def digest(prompts: Iterable[Prompt]) -> str:
    """A SHA-256 over all that a model sees and all that scores it; titles and references don't count."""
    content = [prompt.model_dump(mode="json", include=_SCORING_FIELDS, by_alias=True) for prompt in prompts]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _prompt_files(folder: Path, suite_path: Path, category: Category, problems: list[Problem]) -> list[Path]:
    found = {path.stem: path for path in (folder / category.id).glob("*.yaml")}
    listed = [name for name in category.prompts if name in found]
    for name in category.prompts:
        if name not in found:
            text = f"lists {name}, but there is no file {category.id}/{name}.yaml"
            problems.append(Problem(suite_path, 1, f"categories.{category.id}.prompts", text))
    return [found[name] for name in [*listed, *sorted(found.keys() - set(listed), key=natural_key)]]


def _strays(folder: Path, file: SuiteFile) -> list[Problem]:
    known = {category.id for category in file.categories}
    return [
        Problem(path, 1, "", f"the folder {path.parent.name} is no category of suite.yaml; add it there")
        for path in sorted(folder.glob("*/*.yaml"))
        if path.parent.name not in known
    ]


def _read(path: Path, model: type[Model]) -> tuple[Model, yaml_lines.Document]:
    try:
        document = yaml_lines.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError([Problem(path, 1, "", "there is no such file")]) from None
    except OSError as error:
        raise SuiteError([Problem(path, 1, "", f"cannot be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise SuiteError([Problem(path, 1, "", "is not UTF-8 text; save it as UTF-8")]) from None
    except yaml_lines.YamlError as error:
        raise SuiteError([Problem(path, error.line, "", f"not valid YAML: {error.message}")]) from None
    if not isinstance(document.value, dict):
        raise SuiteError([Problem(path, 1, "", "must be a mapping of fields, such as id: and title:")])
    try:
        return model.model_validate(document.value), document
    except ValidationError as error:
        raise SuiteError([_from_pydantic(path, document, details) for details in error.errors()]) from None


def _from_pydantic(path: Path, document: yaml_lines.Document, details: Any) -> Problem:
    where = tuple(part for part in details["loc"] if part != "[key]")
    kind, message = details["type"], str(details["msg"])
    if kind == "extra_forbidden":
        message = "there is no such field; mend its spelling or take it out"
    elif kind == "missing":
        message = "is missing"
    else:
        message = message.removeprefix("Value error, ")
        if isinstance(details["input"], str | int | float | bool | None):
            message += f" (found {details['input']!r})"
    return _problem(path, document, where, message)


def _problem(path: Path, document: yaml_lines.Document, where: yaml_lines.Path, message: str) -> Problem:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    return Problem(path, document.line_of(where), field, message)
