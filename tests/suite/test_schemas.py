"""The quick look at a schema, which spares the meta-schema's milliseconds, never passes what that would refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from milo_tui.suite.schemas import fault_of

KEYWORDS = (
    "type title description format default const enum pattern properties required additionalProperties items "
    "prefixItems contains uniqueItems allOf anyOf oneOf not if then else minimum maximum exclusiveMinimum "
    "exclusiveMaximum minItems maxItems minLength maxLength"
).split()
ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["object", "integer", "date", "^[a-z]+$", "([a", "", -1, 0, 3, 1.5, True, False, None, [], {}]
)
VALUES = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def _is_allowed(schema: dict[str, Any]) -> bool:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return False
    return True


@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=4))
def test_a_fault_is_found_exactly_where_the_meta_schema_finds_one(schema: dict[str, Any]) -> None:
    assert (fault_of(schema) is None) == _is_allowed(schema)


@pytest.mark.parametrize("keyword", KEYWORDS)
@given(value=VALUES)
def test_each_keyword_by_itself(keyword: str, value: Any) -> None:
    schema = {"type": "object", "properties": {"a": {keyword: value}}}
    assert (fault_of(schema) is None) == _is_allowed(schema)
