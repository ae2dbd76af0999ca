"""BFCL's data as a suite: what is brought in loads and earns what it should; what is not is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite import yaml_lines
from milo_tui.suite.conversation import Conversation, ToolCall, Turn
from milo_tui.suite.loading import load_suite
from milo_tui.suite.scoring import score
from milo_tui.suite_lab.bfcl import BfclError, Record, Report, convert, dump, suite_files
from milo_tui.suite_lab.bfcl_schema import arguments_matcher, gold_arguments, json_schema, legal_names
from milo_tui.suite_lab.checking import check_suite

PLAY = {
    "name": "spotify.play",
    "description": "Play an artist.",
    "parameters": {
        "type": "dict",
        "properties": {
            "artist": {"type": "string", "description": "Who."},
            "duration": {"type": "integer", "description": "Minutes."},
            "volume": {"type": "float", "default": 0.5},
        },
        "required": ["artist", "duration"],
    },
}
GOLD: list[Any] = [
    {"spotify.play": {"artist": ["Taylor Swift"], "duration": [20], "volume": ["", 0.5]}},
    {"spotify.play": {"artist": ["Maroon 5", "Maroon Five"], "duration": [15], "volume": [""]}},
]


def question(id: str, functions: list[Any], *said: str) -> dict[str, Any]:
    """A line of BFCL's files. What is said is the user's, but for a text before the last: that is the system's."""
    roles = ["user"] if len(said) == 1 else ["system", "user"] if len(said) == 2 else ["user"] * len(said)
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    return {"id": id, "question": [messages], "function": functions}


def write_data(folder: Path, category: str, questions: list[Any], answers: list[Any] | None = None) -> None:
    """A category's files, as the package holds them."""
    data = folder / "bfcl_eval" / "data"
    (data / "possible_answer").mkdir(parents=True, exist_ok=True)
    name = f"BFCL_v4_{category}.json"
    (data / name).write_text("".join(f"{json.dumps(item)}\n" for item in questions), encoding="utf-8")
    if answers is not None:
        lines = (
            json.dumps({"id": item["id"], "ground_truth": gold})
            for item, gold in zip(questions, answers, strict=True)
        )
        (data / "possible_answer" / name).write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A few records of five categories."""
    folder = tmp_path / "site-packages"
    simple = [
        question("simple_python_0", [PLAY], "Swift, 20 minutes."),
        question("simple_python_1", [PLAY], "Be brief.", "Swift, 20 minutes."),
        question("simple_python_2", [PLAY], "One.", "Two.", "Three."),
        question("simple_python_3", [PLAY], "Gold that nothing satisfies."),
        question("simple_python_10", [PLAY], "no: yes\n- 12:30\n"),
    ]
    unreachable = [{"spotify.play": {"artist": [], "duration": [1]}}]
    write_data(folder, "simple_python", simple, [GOLD[:1], GOLD[:1], GOLD[:1], unreachable, GOLD[:1]])
    write_data(folder, "parallel", [question("parallel_0", [PLAY], "Both.")], [GOLD])
    write_data(folder, "irrelevance", [question("irrelevance_0", [PLAY], "Boil an egg.")])
    write_data(folder, "live_relevance", [question("live_relevance_0-0-0", [PLAY], "Some music.")])
    write_data(folder, "simple_java", [question("simple_java_0", [PLAY], "Java.")], [[]])
    write_data(folder, "live_parallel_multiple", [], [])
    return folder


def brought_in(data: Path, out: Path) -> Report:
    """Write the suite as the command does."""
    report = Report()
    for name, text in suite_files(data, "native", report):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return report


def test_what_can_be_is_brought_in_and_what_cannot_is_named(data: Path, tmp_path: Path) -> None:
    report = brought_in(data, tmp_path / "out")
    assert report.imported == {"simple_python": 3, "parallel": 1, "irrelevance": 1, "live_relevance": 1}
    assert report.refused == {
        "simple_python_2": "its question is a conversation of 3 messages; a prompt asks once",
        "simple_python_3": "its gold accepts no value for the argument artist, nor its absence",
        "simple_java_0": "its values are source text of Java",
    }
    suite = load_suite(tmp_path / "out")
    assert [prompt.id for prompt in suite.prompts] == [
        "simple_python/simple_python_0",
        "simple_python/simple_python_1",
        "simple_python/simple_python_10",
        "parallel/parallel_0",
        "irrelevance/irrelevance_0",
        "live_relevance/live_relevance_0-0-0",
    ]
    assert suite.prompt("simple_python/simple_python_1").system == "Be brief."
    assert suite.prompt("simple_python/simple_python_10").user == "no: yes\n- 12:30\n"
    assert "Apache License 2.0" in (tmp_path / "out" / "NOTICE").read_text()
    head = (tmp_path / "out" / "parallel" / "parallel_0.yaml").read_text().splitlines()[:2]
    assert head == ["# BFCL's parallel_0; Apache-2.0, see NOTICE.", "# spotify_play is spotify.play there."]


def test_what_is_brought_in_proves_itself(data: Path, tmp_path: Path) -> None:
    brought_in(data, tmp_path / "out")
    found = check_suite(load_suite(tmp_path / "out"))
    assert "\n".join(found.errors) == ""


def test_the_data_may_lie_in_any_of_three_places(data: Path, tmp_path: Path) -> None:
    for place in (data, data / "bfcl_eval", data / "bfcl_eval" / "data"):
        assert next(iter(suite_files(place, "native", Report())))
    with pytest.raises(BfclError, match="holds no BFCL data"):
        next(iter(suite_files(tmp_path, "native", Report())))
    (data / "bfcl_eval" / "data" / "BFCL_v4_multiple.json").write_text("{")
    with pytest.raises(BfclError, match=r"BFCL_v4_multiple\.json:1: is not JSON"):
        list(suite_files(data, "native", Report()))
    (data / "bfcl_eval" / "data" / "BFCL_v4_multiple.json").write_text("{}")
    with pytest.raises(BfclError, match=r"BFCL_v4_multiple\.json: is no record of BFCL's: \{\}"):
        list(suite_files(data, "native", Report()))


def test_functions_in_another_form_are_named(data: Path, tmp_path: Path) -> None:
    odd = [
        question("multiple_0", [{"name": "f", "description": "d", "parameters": {"type": "dict"}}], "Do."),
        question("multiple_1", [{"name": "f"}], "Do."),
    ]
    write_data(data, "multiple", odd, [[{"f": {"x": [1]}}]] * 2)
    report = brought_in(data, tmp_path / "out")
    assert report.refused["multiple_0"] == "it is not in BFCL's form (KeyError: 'properties')"
    assert report.refused["multiple_1"] == "it is not in BFCL's form (KeyError: 'parameters')"


def _points(record: Record, *turns: Turn) -> list[bool]:
    conversation = Conversation(turns, "turn limit" if turns[-1].calls else "answer")
    return [check.passed for check in score(convert(record), conversation).checks]


def _made(*calls: dict[str, Any]) -> Turn:
    made = tuple(ToolCall("", "spotify_play", arguments, "") for arguments in calls)
    return Turn(calls=made)


def _record(category: str, accepted: list[Any] | None) -> Record:
    return Record(f"{category}_0", category, [{"role": "user", "content": "Play."}], [PLAY], accepted)


SWIFT = {"artist": "taylor swift", "duration": 20}
MAROON = {"artist": "Maroon Five", "duration": 15}


@pytest.mark.parametrize(
    ("calls", "points"),
    [
        ([SWIFT, MAROON], [True, True, True]),
        ([MAROON, {**SWIFT, "volume": 0.5}], [True, True, True]),
        ([SWIFT, {**MAROON, "duration": 16}], [True, False, True]),
        ([SWIFT, {**MAROON, "volume": 0.5}], [True, False, True]),
        ([SWIFT, MAROON, MAROON], [True, True, False]),
        ([SWIFT], [False, False, False]),
    ],
)
def test_the_points_of_calls(calls: list[Any], points: list[bool]) -> None:
    assert _points(_record("parallel", GOLD), _made(*calls)) == points


def test_calls_that_belong_together_must_come_together() -> None:
    assert convert(_record("parallel", GOLD)).max_turns == 1


def test_the_points_of_irrelevance() -> None:
    record = _record("irrelevance", None)
    assert _points(record, Turn(text="I cannot.")) == [True, True, True]
    assert _points(record, Turn(text="")) == [False, False, False]
    assert _points(record, _made(SWIFT)) == [False, False, False]


def test_the_points_of_relevance() -> None:
    from milo_tui.suite.prompt import Step
    from milo_tui.suite.tools import play

    prompt = convert(_record("live_relevance", None))
    for calls, points in (
        ([{"spotify_play": SWIFT}], 3),
        ([{"spotify_play": SWIFT}, {"spotify_stop": {}}], 2),
        ([{"spotify_play": {}}], 1),
    ):
        steps = [Step.model_validate({"calls": calls})]
        assert score(prompt, play(prompt, steps)).points == points
    assert score(prompt, play(prompt, [Step(say="No.")])).points == 0


def test_names_that_every_api_takes() -> None:
    names = legal_names(["a.b", "a_b", "spotify.play", "1st", "é" * 80, "x" * 70, "x" * 71])
    assert list(names.values())[:4] == ["a_b", "a_b_2", "spotify_play", "_1st"]
    assert len(set(names.values())) == 7
    assert all(len(name) <= 64 for name in names.values())
    record = Record("x", "multiple", [], [{"name": "a.b"}, {"name": "a_b"}], None)
    assert record.as_bfcl("a_b_2", {}) == {"a_b": {}}
    assert record.as_bfcl("a_b", {"x": 1}) == {"a.b": {"x": 1}}
    assert record.as_bfcl("made_up", None) == {"made_up": None}


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        ({"type": "float", "optional": True}, {"type": "number"}),
        ({"type": "any", "default": None}, {"default": None}),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "boolean", "enum": ["True", "dontcare"]}, {"type": "boolean"}),
        (
            {"type": "tuple", "items": {"type": "float"}, "minItems": 2},
            {"type": "array", "items": {"type": "number"}, "minItems": 2},
        ),
        (
            {"type": "array", "items": {"type": "string"}, "enum": ["a", "b"]},
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        ),
        (
            {"type": "dict", "properties": {"a": {"type": "dict"}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
        ),
        ({"type": "dict", "required": []}, {"type": "object"}),
    ],
)
def test_pythons_types_as_json_schema(parameter: dict[str, Any], schema: dict[str, Any]) -> None:
    assert json_schema(parameter) == schema


@pytest.mark.parametrize(
    ("parameter", "accepted", "matcher", "gold"),
    [
        ({"type": "string"}, ["a"], {"$text": "a"}, "a"),
        ({"type": "string"}, ["", "a"], {"$optional": {"$any_of": [{"$text": "a"}, ""]}}, "a"),
        ({"type": "integer"}, [5, ""], {"$optional": 5}, 5),
        ({"type": "integer"}, [None, 5], {"$any_of": [None, 5]}, None),
        ({"type": "array"}, [["a"], ""], {"$optional": {"$any_of": [[{"$text": "a"}], []]}}, ["a"]),
        (
            {"type": "dict"},
            [{"a": ["x", ""], "b": [1, 2]}],
            {"a": {"$optional": {"$any_of": [{"$text": "x"}, ""]}}, "b": {"$any_of": [1, 2]}},
            {"a": "x", "b": 1},
        ),
        ({"type": "array"}, [[{"a": [1]}]], [{"a": 1}], [{"a": 1}]),
        (
            {"type": "dict"},
            [{"a": [{"b": [1, "x"]}]}],
            {"a": {"b": [1, {"$text": "x"}]}},
            {"a": {"b": [1, "x"]}},
        ),
    ],
)
def test_accepted_values_as_matchers(
    parameter: dict[str, Any], accepted: list[Any], matcher: Any, gold: Any
) -> None:
    parameters = {"properties": {"x": parameter}}
    assert arguments_matcher(parameters, {"x": accepted}) == {"x": matcher}
    assert gold_arguments({"x": accepted}, parameters) == {"x": gold}


@pytest.mark.parametrize(
    ("parameters", "accepted", "reason"),
    [
        ({"properties": {}}, {"x": [1]}, "asks for the argument x, which the function does not have"),
        ({"properties": {"x": {"type": "integer"}}}, {"x": []}, "accepts no value for the argument x"),
        ({"properties": {}, "required": ["y"]}, {}, "leaves out the argument y, which the function requires"),
    ],
)
def test_gold_that_cannot_be_reached(
    parameters: dict[str, Any], accepted: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        arguments_matcher(parameters, accepted)


@pytest.mark.parametrize(
    ("functions", "accepted", "reason"),
    [
        ([{**PLAY, "name": "other"}], GOLD, "its gold calls spotify.play, which is not among its functions"),
        (
            [{**PLAY, "parameters": {"type": "dict", "properties": {"año": {"type": "integer"}}}}],
            [{"spotify.play": {"año": [1]}}],
            "an API would refuse the name of its argument año",
        ),
        (
            [{**PLAY, "parameters": {"type": "dict", "properties": {"x": {"type": "decimal"}}}}],
            [{"spotify.play": {"x": [1]}}],
            "tools.0.parameters.properties.x.type: the types of JSON Schema are",
        ),
    ],
)
def test_records_that_make_no_prompt(functions: list[Any], accepted: list[Any], reason: str) -> None:
    record = Record("x_0", "multiple", [{"role": "user", "content": "Play."}], functions, accepted)
    with pytest.raises(ValueError, match=reason):
        convert(record)


def test_a_question_without_words_makes_no_prompt() -> None:
    record = Record("x_0", "multiple", [{"role": "user", "content": ""}], [PLAY], GOLD[:1])
    with pytest.raises(ValueError, match="user: String should have at least 1 character"):
        convert(record)


def test_gold_that_breaks_its_functions_types_is_brought_in_and_says_so() -> None:
    accepted: list[Any] = [{"spotify.play": {"artist": ["Swift"], "duration": ["twenty"]}}]
    prompt = convert(_record("multiple", accepted))
    assert "BFCL's gold breaks the function's own types" in prompt.harmless["ignored_error"]


def test_what_may_be_left_out_and_is_unknown_is_left_out() -> None:
    parameters = {"properties": {"x": {"type": "integer"}}}
    assert arguments_matcher(parameters, {"x": [""], "y": ["", 1]}) == {}
    assert gold_arguments({"x": [""], "y": ["", 1]}, parameters) == {}


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n -:#'\"")
) | st.sampled_from(
    [
        "no",
        "1e5",
        "12:30",
        "2026-03-14",
        "0x1f",
        "1_000",
        "~",
        "",
        "null",
        "=",
        "<<",
        " a\nb ",
        "a\n\n",
        "\ta\n",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(lambda t: len(t) < 90), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_yaml_reads_back_what_was_written(value: Any) -> None:
    assert yaml_lines.load(dump({"a": value})).value == {"a": value}
