import pytest
from fastapi_fleet.compose.document import read_document
from fastapi_fleet.compose.failure import ComposeError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:22", "22:22"),
        ("no", "no"),
        ("off", "off"),
        ("0755", "0755"),
        ("2026-11-22", "2026-11-22"),
        ("1_000", "1_000"),
        ("true", True),
        ("8000", 8000),
        ("0.5", 0.5),
        ("~", None),
        ("", None),
    ],
)
def test_yaml_is_read_as_compose_reads_it(text: str, value: object) -> None:
    assert read_document(f"services: {{a: {{b: {text}}}}}", {}).data["services"]["a"]["b"] == value


def test_lines_are_those_of_anchors_too() -> None:
    document = read_document(
        "x-base: &base\n  image: a\n  ports:\n    - 1\n    - 2\nservices:\n  one:\n    <<: *base\n    tty: true\n", {}
    )
    assert document.line_of(("services", "one")) == 7
    assert document.line_of(("services", "one", "image")) == 2
    assert document.line_of(("services", "one", "ports", 1)) == 5
    assert document.line_of(("services", "one", "tty", "deeper")) == 9


def test_own_keys_count_before_merged_ones() -> None:
    document = read_document("x: &x {a: 1}\nservices:\n  one:\n    <<: *x\n    a: 2\n", {})
    assert document.data["services"]["one"] == {"a": 2}
    assert document.line_of(("services", "one", "a")) == 5


def test_service_that_extends_another_has_its_keys() -> None:
    text = """
services:
  a: {image: x, command: [a], environment: {A: 1, B: 1}, ports: [1], depends_on: [d]}
  b: {extends: a, command: [b], environment: {B: 2}, ports: [2]}
  c: {extends: {service: b}}
"""
    services = read_document(text, {}).data["services"]
    assert services["b"] == {"image": "x", "command": ["b"], "environment": {"A": 1, "B": 2}, "ports": [1, 2]}
    assert services["c"] == services["b"]


def test_services_that_extend_each_other_end() -> None:
    assert read_document("services: {a: {extends: b}, b: {extends: a}}", {}).data["services"].keys() == {"a", "b"}


@pytest.mark.parametrize("text", ["", "[]", "services: []", "a: 1", "services", "services: null"])
def test_what_is_no_compose_file_is_refused(text: str) -> None:
    with pytest.raises(ComposeError, match="not a Compose file"):
        read_document(text, {})


@pytest.mark.parametrize("text", ["services: {", "services: {a: *gone}", "services:\n\t- a", "a: 1\n---\nb: 2"])
def test_what_is_no_yaml_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ComposeError, match=r"not YAML: line \d"):
        read_document(text, {})


@pytest.mark.parametrize("text", ["services: {a: &a [*a]}", "services: &s {a: *s}"])
def test_alias_within_its_anchor_is_refused(text: str) -> None:
    with pytest.raises(ComposeError, match="within its own anchor"):
        read_document(text, {})


def test_character_that_yaml_forbids_is_refused() -> None:
    with pytest.raises(ComposeError, match="not YAML: special characters are not allowed at character 15"):
        read_document('services: {a: "\0"}', {})


def test_every_missing_variable_is_told_at_once_but_no_secret() -> None:
    text = (
        "services:\n  a:\n    image: ${IMAGE:?name it}\n    user: ${UID?}\n    environment: {P: '${DB_PASSWORD:?}'}\n"
    )
    with pytest.raises(ComposeError) as raised:
        read_document(text, {})
    assert [(problem.path, problem.line) for problem in raised.value.problems] == [
        ("services.a.image", 3),
        ("services.a.user", 4),
    ]
    assert "name it" in str(raised.value)
