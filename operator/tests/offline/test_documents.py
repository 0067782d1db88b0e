"""YAML is read as kubectl reads it, and each value is found again by its line."""

import pytest
from fastapi_fleet.offline.documents import read_documents


def test_every_key_and_item_is_found_by_its_line() -> None:
    (document,), problems = read_documents(
        "shop.yaml", "\nspec:\n  env:\n    - name: A\n      value: b\n    - name: C\n"
    )
    assert problems == []
    assert [document.line_of(path) for path in [(), ("spec",), ("spec", "env", 0, "value"), ("spec", "env", 1)]] == [
        2,
        2,
        5,
        6,
    ]


def test_what_is_not_there_is_told_by_what_it_would_stand_in() -> None:
    (document,), _ = read_documents("shop.yaml", "a: 1\nspec:\n  env: []\n")
    assert document.line_of(("spec", "image")) == 2
    assert document.line_of(("spec", "env", 3, "name")) == 3


def test_broken_syntax_hides_nothing_that_stands_before_it() -> None:
    documents, (problem,) = read_documents("shop.yaml", "a: 1\n---\nb: [\n")
    assert [document.value for document in documents] == [{"a": 1}]
    assert (problem.file, problem.line) == ("shop.yaml", 4)


def test_key_that_is_there_twice_is_told_with_both_lines() -> None:
    documents, problems = read_documents("shop.yaml", "a: 1\nb: 2\na: 3\n")
    assert [str(problem) for problem in problems] == ["shop.yaml:3: a is set already in line 1"]
    assert documents[0].value == {"a": 3, "b": 2}


@pytest.mark.parametrize("text", ["2020-01-01", "12:30:45", "1:30.5"])
def test_what_json_has_no_word_for_is_a_string(text: str) -> None:
    (document,), _ = read_documents("shop.yaml", f"value: {text}\n")
    assert document.value == {"value": text}


@pytest.mark.parametrize(("text", "value"), [("0x10", 16), ("010", 8), ("1.5", 1.5), ("yes", True), ("~", None)])
def test_numbers_and_words_are_those_of_yaml(text: str, value: object) -> None:
    (document,), _ = read_documents("shop.yaml", f"value: {text}\n")
    assert document.value == {"value": value}


def test_keys_are_strings_as_in_json() -> None:
    (document,), _ = read_documents("shop.yaml", "1: a\non: b\n")
    assert document.value == {"1": "a", "on": "b"}


def test_anchors_and_merges_are_followed() -> None:
    (document,), problems = read_documents("shop.yaml", "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n")
    assert problems == []
    assert document.value["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: !python/name:os.system x\n", "? [a]\n: b\n", "a: \x07\n", "*a"])
def test_what_cannot_be_data_is_a_problem_and_no_crash(text: str) -> None:
    documents, problems = read_documents("shop.yaml", text)
    assert (documents, len(problems)) == ([], 1)


@pytest.mark.parametrize("text", ["", "---\n---\n", "# nothing\n"])
def test_empty_documents_are_none(text: str) -> None:
    assert read_documents("shop.yaml", text) == ([], [])


def test_items_of_a_list_are_documents_with_lines_of_their_own() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- a: 1\n- apiVersion: v1\n  kind: List\n  items:\n  - b:\n      c: 2\n"
    documents, problems = read_documents("all.yaml", text)
    assert problems == []
    assert [document.value for document in documents] == [{"a": 1}, {"b": {"c": 2}}]
    assert [documents[0].line_of(()), documents[1].line_of(("b", "c"))] == [4, 9]
