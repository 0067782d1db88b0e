"""What is sent is the same text for a decoder of JSON and for one of YAML."""

import json

import pytest
import yaml
from fastapi_fleet.kube.body import encode
from hypothesis import given
from hypothesis import strategies as st

TEXTS = {
    "beyond the basic plane": "party 🎉, 𩁬",
    "what looks like an escape": r"\ud83c\udf89 and \\ud83c\udf89",
    "both": "\\🎉\\\\🎉",
    "line breaks of YAML": "a\x85b\u2028c\u2029d\r\n",
    "not printable": "\x7f\x80\ufeff\ufffe",
    "directions": "\u202egnp.exe\u200b",
    "markup of YAML": "a: [b\n- {c: !!python/object:os.system d}\n--- \n...\n&a *a | > %TAG\t#",
    "quotes": "\"'`\\\"'",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_arrives_unchanged(text: str) -> None:
    _assert_read_alike({"data": {text: text}})


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))))
def test_any_text_arrives_unchanged(texts: dict[str, str]) -> None:
    _assert_read_alike(texts)


def test_there_is_no_space_between_the_parts() -> None:
    assert encode({"a": [1, None]}) == b'{"a":[1,null]}'


def _assert_read_alike(body: object) -> None:
    assert json.loads(encode(body)) == body
    assert yaml.safe_load(encode(body)) == body
