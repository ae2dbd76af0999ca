"""Settings and fixtures of the suite's tests."""

from typing import Any

import pytest

from milo_tui.suite import yaml_lines


@pytest.fixture(params=yaml_lines.LOADERS, ids=[loader.__base__.__name__ for loader in yaml_lines.LOADERS])
def yaml_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read YAML with libyaml and without it, in turn."""
    monkeypatch.setattr(yaml_lines, "LOADERS", (request.param,))
    return request.param
