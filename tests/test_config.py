"""milo.toml: every mistake is one sentence with file, line and key."""

from pathlib import Path

import pytest

from milo_tui.config import SOCKET_PATH_LIMIT, ConfigError, load_settings

_GOOD = """\
theme = "milo-light"

[[model]]
id = "a"
name = "A"
protocol = "openai"
where = "local"
base_url = "http://127.0.0.1:8080/v1"

[[model]]
id = "b"
name = "B"
protocol = "anthropic"
where = "api"
model = "claude-sonnet-4-6"
api_key_env = "ANTHROPIC_API_KEY"
temperature = 0.0

[keymap]
"live.zoom" = "f2"
"""


def _load(text: str):  # type: ignore[no-untyped-def]
    Path("milo.toml").write_text(text, encoding="utf-8")
    return load_settings()


def test_what_is_written_is_read() -> None:
    settings = _load(_GOOD)
    assert [model.id for model in settings.models] == ["a", "b"]
    assert settings.theme == "milo-light"
    assert settings.keymap == {"live.zoom": "f2"}
    assert settings.models[1].temperature == 0.0


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("temperature = 0.0", "temprature = 0.0"), 17, "did you mean temperature?"),
        (
            ("temperature = 0.0", 'temperature = "warm"'),
            17,
            "model[1].temperature: input should be a valid number",
        ),
        (("temperature = 0.0", "temperature = -1"), 17, "greater than or equal to 0"),
        (('id = "a"\n', ""), 3, "model[0].id: is missing"),
        (('id = "b"', 'id = "a"'), 11, "is the id of a model above"),
        (('protocol = "openai"', 'protocol = "openia"'), 6, "'openai' or 'anthropic'"),
        (('base_url = "http://127.0.0.1:8080/v1"\n', ""), 3, "base_url: is missing"),
        (('base_url = "http:', 'base_url = "ftp:'), 3, "must begin with http:// or https://"),
        (('model = "claude-sonnet-4-6"\n', ""), 10, "model: is missing"),
        (("[keymap]", "[keymaps]"), 19, "did you mean keymap?"),
        (('name = "A"', "name = A"), 5, "not valid TOML"),
        (('api_key_env = "ANTHROPIC_API_KEY"', 'api_key_env = "sk-ant-123"'), 16, "api_key_env"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: tuple[str, str], line: int, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(_GOOD.replace(*change))
    assert says in str(caught.value)
    assert f"milo.toml:{line}:" in str(caught.value)


def test_a_mistake_in_a_model_does_not_hinder_what_needs_no_model() -> None:
    Path("milo.toml").write_text(_GOOD.replace('id = "a"', "id = 1"), encoding="utf-8")
    settings = load_settings(models=False)
    assert settings.models == ()
    assert settings.theme == "milo-light"
    assert settings.keymap == {"live.zoom": "f2"}


@pytest.mark.parametrize(
    "wrong",
    ["theme = 1", 'scroll = "sideways"', "keymap = 3", "model = 1", 'thme = "x"', "[keymap]\nx = 1"],
)
def test_other_mistakes_are_told_even_where_no_model_is_needed(wrong: str) -> None:
    Path("milo.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as without:
        load_settings(models=False)
    with pytest.raises(ConfigError) as whole:
        load_settings()
    assert str(without.value) == str(whole.value)


def test_a_missing_file_that_was_named_is_told() -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_settings(config=Path("other.toml"))


def test_without_a_file_there_are_no_models() -> None:
    assert load_settings().models == ()


def test_an_unknown_model_names_the_known() -> None:
    with pytest.raises(ConfigError, match=r"There is no model c in .* \(there: a, b\)"):
        _load(_GOOD).choose(["c"])


def test_the_socket_fits_into_macos_limit_however_long_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("long" * 30)))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runtime = load_settings().runtime
    assert len(bytes(runtime / "1000000.sock")) <= SOCKET_PATH_LIMIT


def test_two_databases_do_not_share_sockets(tmp_path: Path) -> None:
    one, two = (load_settings(database=tmp_path / name) for name in ("one.db", "two.db"))
    assert one.runtime != two.runtime
