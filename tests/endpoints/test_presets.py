"""`milo models add`: every preset makes an entry that Milo can read, and what stood there stays."""

import tomllib
from pathlib import Path

import pytest

from milo_tui.config import load_settings
from milo_tui.endpoints.presets import PRESETS, PresetError, Wanted, add_model

COMMENTED = """\
# my models
results = "out"    # on the big disk

[[model]]
id = "mine"        # the good one
name = "Mine"
protocol = "openai"
where = "local"
base_url = "http://127.0.0.1:9/v1"
"""


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_read_and_keeps_comments(preset: str, tmp_path: Path) -> None:
    path = tmp_path / "milo.toml"
    path.write_text(add_model(COMMENTED, Wanted(preset, model="org/Some-Model_1")))
    mine, added = load_settings(config=path).models
    assert path.read_text().startswith(COMMENTED)
    assert (mine.id, added.id) == ("mine", "some-model_1")
    assert added.is_managed == (preset == "mlx")
    assert PRESETS[preset].about in path.read_text()


def test_a_first_model_makes_the_file() -> None:
    text = add_model("", Wanted("mlx", model="/models/Qwen 3", id="q", name="Qwen"))
    assert tomllib.loads(text)["model"] == [
        {
            "id": "q",
            "name": "Qwen",
            "protocol": "openai",
            "where": "local",
            "temperature": 0.0,
            "max_tokens": 4096,
            "server": {"weights": "/models/Qwen 3"},
        }
    ]


def test_models_are_added_one_after_another() -> None:
    text = add_model("", Wanted("mlx", model="a/b"))
    text = add_model(text, Wanted("lmstudio", model="c", base_url="http://mac-2:1234/v1"))
    assert [entry["id"] for entry in tomllib.loads(text)["model"]] == ["b", "c"]
    assert tomllib.loads(text)["model"][1]["base_url"] == "http://mac-2:1234/v1"


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        (COMMENTED, Wanted("ollama", model="x", id="mine"), "mine is the id of a model already"),
        ("", Wanted("ollama"), "ollama needs a model's name: give it with --model"),
        ("[model", Wanted("mlx", model="x"), "not valid TOML"),
        ("[model]\nid = 1\n", Wanted("mlx", model="x"), "write each model as"),
    ],
)
def test_what_cannot_be_added_is_one_sentence(text: str, wanted: Wanted, words: str) -> None:
    with pytest.raises(PresetError, match=words):
        add_model(text, wanted)
