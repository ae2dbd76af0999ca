"""Settings and fixtures of the suite's tests."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from milo_tui.suite import yaml_lines

# No deadline: the machine's load is no property of the code.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


@pytest.fixture(params=yaml_lines.LOADERS, ids=[loader.__base__.__name__ for loader in yaml_lines.LOADERS])
def yaml_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read YAML with libyaml and without it, in turn."""
    monkeypatch.setattr(yaml_lines, "LOADERS", (request.param,))
    return request.param
