"""Values → YAML text that yaml_lines.py reads back as they were, laid out for a person."""

import re
from typing import Any

import yaml

from milo_tui.suite import yaml_lines


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """PyYAML's safe dumper; it quotes what YAML 1.1 takes for something else than text, and what we do."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    many_lines = "\n" in value and not any(line != line.rstrip() for line in value.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if many_lines else None)


_Dumper.add_representer(str, _text)
for _kind, _pattern, _firsts in yaml_lines.SCALARS:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list(_firsts))


def dump(value: Any) -> str:
    """A value as a YAML document in block style, its keys in their order."""
    return str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))
