"""`milo prompts`: begun, proved, imported, and run."""

import json
from pathlib import Path

from milo_tui.cli.prompts_new import schema_text
from milo_tui.config import data_folder
from tests.cli.milo import milo
from tests.suite_lab.test_bfcl import GOLD, PLAY, question, write_data


def test_a_new_prompt_is_laid_down_and_proves_itself() -> None:
    assert milo("prompts", "new", "shop/refund").stdout == f"{Path('my_suite/shop/refund.yaml')}\n"
    done = milo("prompts", "check", "--suite", "my_suite")
    assert "The suite is sound: 1 prompt, 3 known-bad conversations" in done.stdout
    assert "exists already" in milo("prompts", "new", "shop/refund", status=2).stderr
    assert "give category/name" in milo("prompts", "new", "../x", status=2).stderr


def test_a_second_category_is_said_to_be_missing_in_suite_yaml() -> None:
    milo("prompts", "new", "shop/refund", "--suite", "mine")
    told = milo("prompts", "new", "post/parcel", "--suite", "mine").stderr
    assert "the folder post is no category of suite.yaml; add it there" in told
    assert "- {id: post, title: post}" in told


def test_the_schemas_for_editors() -> None:
    assert milo("prompts", "schema").stdout == schema_text("prompt")
    assert json.loads(milo("prompts", "schema", "suite").stdout)["title"] == "suite.yaml of a Milo suite"


def test_a_prompt_that_expects_a_wrong_value_fails_the_check() -> None:
    milo("prompts", "new", "shop/rooms")
    path = Path("my_suite/shop/rooms.yaml")
    text = path.read_text(encoding="utf-8")
    head, tail = text.split("checks:\n")
    path.write_text(f"{head}checks:\n{tail.replace('R-4486', 'R-4487', 1)}", encoding="utf-8")
    done = milo("prompts", "check", "--suite", "my_suite", status=1)
    told = " ".join(done.stdout.split())
    assert "shop/rooms: its reference earns 1 instead of 3: books the right room, once" in told
    assert 'book_room.room: expected "R-4487", found "R-4486"' in told
    assert "The suite is not sound" in told


def test_importing_bfcl(tmp_path: Path) -> None:
    asked = [question("parallel_0", [PLAY], "Play both."), question("parallel_1", [PLAY], "a", "b", "c")]
    write_data(tmp_path / "data", "simple_python", [], [])
    write_data(tmp_path / "data", "parallel", asked, [GOLD, GOLD])
    done = milo("prompts", "import", "bfcl", str(tmp_path / "data"), "-o", "out")
    assert "    1  parallel\n    1  records imported to out\n    1  records left out:\n" in done.stdout
    assert "parallel_1: its question is a conversation of 3 messages; a prompt asks once" in done.stdout
    assert "parallel/parallel_0" in milo("prompts", "list", "--suite", "out").stdout
    assert (
        "spotify_play(artist, duration, volume?)"
        in milo("prompts", "show", "parallel/parallel_0", "--suite", "out").stdout
    )
    assert (
        "out is not empty"
        in milo("prompts", "import", "bfcl", str(tmp_path / "data"), "-o", "out", status=2).stderr
    )
    assert "holds no BFCL data" in milo("prompts", "import", "bfcl", ".", "-o", "other", status=2).stderr


def test_the_example_ships() -> None:
    assert (data_folder("prompts") / "example.yaml").is_file()
