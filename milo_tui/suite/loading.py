"""A folder of prompt files → a Suite. Every error names the file, the line and the field."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from milo_tui.errors import MiloError
from milo_tui.suite import yaml_lines
from milo_tui.suite.json_text import show
from milo_tui.suite.prompt import Category, Prompt, Suite, SuiteFile, natural_key
from milo_tui.suite.validation import validate
from milo_tui.suite.variants import Variant
from milo_tui.suite.wording import field_name, place, sentence

Model = TypeVar("Model", bound=BaseModel)

_MOST_BYTES = 500_000
"""How large a file of a suite may be; Milo-Bench's largest prompt has 17 kB."""
_MOST_PROBLEMS = 20
"""How many problems of a suite are told."""

_SCORING_FIELDS = {"id", "version", "system", "user", "tools", "max_turns", "checks", "false_claims"}


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


class SuiteError(MiloError):
    """A suite that cannot be loaded; `problems` says each thing that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        lines = [str(problem) for problem in problems[:_MOST_PROBLEMS]]
        if len(problems) > _MOST_PROBLEMS:
            lines.append("There are more problems; mend these first.")
        super().__init__("\n".join(lines))
        self.problems = problems


class StoredPromptError(MiloError):
    """A prompt of a stored run that cannot be read; one sentence."""


def load_suite(folder: Path, only: Collection[str] = ()) -> Suite:
    """Load a folder of the form `suite.yaml`, `<category>/<name>.yaml`. Raises SuiteError.

    With `only`, the files of these prompts alone are read, and those that are not there are simply missing: a
    suite may hold thousands.
    """
    if not folder.is_dir():
        text = "there is no such folder; give the folder that holds suite.yaml"
        raise SuiteError([Problem(folder, 1, "", text)])
    suite_path = folder / "suite.yaml"
    file, document = _read(suite_path, SuiteFile, folder)
    problems = [_problem(suite_path, document, where, text) for where, text in _listing(folder, file)]
    problems += _strays(folder, file)
    prompts: list[Prompt] = []
    for category in file.categories:
        for path in _prompt_files(folder, category):
            id = f"{category.id}/{path.stem}"
            if only and id not in only:
                continue
            if len(problems) > _MOST_PROBLEMS:
                break
            try:
                prompts.append(load_prompt(path, id, folder))
            except SuiteError as error:
                problems += error.problems
    if not prompts and not problems and not only:
        text = "no prompt file lies in the folders of these categories"
        problems.append(_problem(suite_path, document, ("categories",), text))
    if problems:
        raise SuiteError(problems)
    return Suite(file=file, prompts=tuple(prompts), digest=digest(prompts))


def load_prompt(path: Path, expected_id: str | None = None, folder: Path | None = None) -> Prompt:
    """Load one prompt file of the suite in `folder`; its id must be `expected_id` where that is given.

    Raises SuiteError.
    """
    prompt, document = _read(path, Prompt, folder or path.parent)
    found = validate(prompt)
    if expected_id is not None and prompt.id != expected_id:
        text = f"must be {expected_id}, the folder and the name of this file (found {show(prompt.id)})"
        found.insert(0, (("id",), text))
    if found:
        raise SuiteError([_problem(path, document, where, message) for where, message in found])
    return prompt


def stored_prompt(definition: Mapping[str, Any], variant: Variant | None = None) -> Prompt:
    """A prompt as a run asked it, in a variant where it varies.

    Raises StoredPromptError where this version cannot read it.
    """
    try:
        return Prompt.model_validate(dict(definition), context=variant)
    except ValidationError as error:
        first = error.errors()[0]
        text = f"its stored definition cannot be read: {field_name(place(first))}: {sentence(Prompt, first)}"
        raise StoredPromptError(f"Prompt {show(definition.get('id'), 60)}: {text}.") from None


def digest(prompts: Iterable[Prompt], *, families: bool = False) -> str:
    """A SHA-256 over all that a model sees and all that scores it; titles and references don't count.

    With `families`, how the prompts vary counts too.
    """
    fields = _SCORING_FIELDS | ({"family"} if families else set())
    content = [prompt.model_dump(mode="json", include=fields, by_alias=True) for prompt in prompts]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _prompt_files(folder: Path, category: Category) -> list[Path]:
    """The files of a category: those that suite.yaml lists in its order, then the others by name."""
    found = {path.stem: path for path in (folder / category.id).glob("*.yaml") if path.name[0] != "."}
    listed = [name for name in dict.fromkeys(category.prompts) if name in found]
    return [found[name] for name in [*listed, *sorted(found.keys() - set(listed), key=natural_key)]]


def _listing(folder: Path, file: SuiteFile) -> Iterator[tuple[yaml_lines.Path, str]]:
    """What suite.yaml lists twice, or lists and is not there."""
    ids: set[str] = set()
    for i, category in enumerate(file.categories):
        if category.id in ids:
            yield ("categories", i, "id"), f"the category {category.id} is listed twice; take one out"
        ids.add(category.id)
        names: set[str] = set()
        for j, name in enumerate(category.prompts):
            if name in names:
                yield ("categories", i, "prompts", j), f"{name} is listed twice; take one out"
            elif not (folder / category.id / f"{name}.yaml").is_file():
                text = f"there is no file {category.id}/{name}.yaml; mend the name or take it out"
                yield ("categories", i, "prompts", j), text
            names.add(name)


def _strays(folder: Path, file: SuiteFile) -> Iterator[Problem]:
    """Files that look like prompts and lie where none is read."""
    known = {category.id for category in file.categories}
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        parts = path.relative_to(folder).parts
        if parts == ("suite.yaml",) or any(part.startswith(".") for part in parts):
            continue
        if path.suffix == ".yml":
            yield Problem(path, 1, "", "is not read; name it .yaml")
        elif len(parts) != 2:
            yield Problem(path, 1, "", "is not read; prompts lie in the folders of suite.yaml's categories")
        elif parts[0] not in known:
            yield Problem(path, 1, "", f"the folder {parts[0]} is no category of suite.yaml; add it there")


def _text_of(path: Path, folder: Path) -> str:
    """The text of a suite's own file. Raises OSError, UnicodeDecodeError; SuiteError of another's, or too large."""
    if path.exists() and not path.is_file():
        raise SuiteError([Problem(path, 1, "", "is no ordinary file; take it out")])
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SuiteError([Problem(path, 1, "", "leads to a file outside of the suite; copy that file here")])
    if path.stat().st_size > _MOST_BYTES:
        raise SuiteError([Problem(path, 1, "", f"is larger than {_MOST_BYTES // 1000} kB; make it smaller")])
    return path.read_bytes().decode("utf-8").replace("\r\n", "\n")


def _read(path: Path, model: type[Model], folder: Path) -> tuple[Model, yaml_lines.Document]:
    try:
        document = yaml_lines.load(_text_of(path, folder))
    except FileNotFoundError:
        text = "there is no such file; a suite's folder holds suite.yaml and a folder for each category"
        raise SuiteError([Problem(path, 1, "", text)]) from None
    except (OSError, RuntimeError) as error:  # pathlib raises RuntimeError for a link to itself
        reason = error.strerror if isinstance(error, OSError) else "it is a link to itself"
        raise SuiteError([Problem(path, 1, "", f"cannot be read ({reason})")]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SuiteError([Problem(path, line, "", "is not UTF-8 text; save it as UTF-8")]) from None
    except yaml_lines.YamlError as error:
        raise SuiteError([Problem(path, error.line, "", error.message)]) from None
    if not isinstance(document.value, dict):
        raise SuiteError([Problem(path, 1, "", "must be a mapping of fields, such as title: Some title")])
    try:
        return model.model_validate(document.value), document
    except ValidationError as error:
        found = [
            (place(details), sentence(model, details))
            for details in error.errors(include_url=False)[: _MOST_PROBLEMS + 1]
        ]
        raise SuiteError([_problem(path, document, *finding) for finding in found]) from None


def _problem(path: Path, document: yaml_lines.Document, where: yaml_lines.Path, message: str) -> Problem:
    return Problem(path, document.line_of(where), field_name(where), message)


class PromptNameError(MiloError):
    """A name that no prompt has, or several."""


def find_prompt_id(wanted: str, ids: Iterable[str]) -> str:
    """Return the id of the one prompt meant by `wanted`: `multi_step/refund`, `refund`, `ref`.

    Raises PromptNameError, with the prompts that are meant or near.
    """
    known = list(ids)
    names = {id: (id, id.rpartition("/")[2]) for id in known}
    for fits in (str.__eq__, str.startswith):
        found = [id for id in known if any(fits(name, wanted) for name in names[id])]
        if len(found) == 1:
            return found[0]
        if found:
            raise PromptNameError(f"{wanted} could be {' or '.join(found)}.")
    near = get_close_matches(wanted, [name for pair in names.values() for name in pair], n=1)
    hint = f"did you mean {near[0]}?" if near else "`milo prompts list` names them."
    raise PromptNameError(f"There is no prompt {wanted}; {hint}")
