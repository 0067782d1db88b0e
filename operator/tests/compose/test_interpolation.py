import pytest
from fastapi_fleet.compose.interpolation import BadInterpolationError, Use, interpolate, names_in, only_variable

GIVEN = {"NAME": "value", "EMPTY": "", "OTHER": "b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$NAME", "value"),
        ("a${NAME}b", "avalueb"),
        ("$NAME-$OTHER", "value-b"),
        ("$$NAME", "$NAME"),
        ("$${NAME}", "${NAME}"),
        ("${NAME:-default}", "value"),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${ABSENT-default}", "default"),
        ("${ABSENT:-}", ""),
        ("${ABSENT}", ""),
        ("${NAME:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("${ABSENT+there}", ""),
        ("${ABSENT:-${NAME}}", "value"),
        ("${ABSENT:-${EMPTY:-${OTHER}}}/x", "b/x"),
        ("${NAME:?must be there}", "value"),
        ("${ABSENT:-a:b?c}", "a:b?c"),
        ("redis://:${ABSENT:-p}@cache:6379/0", "redis://:p@cache:6379/0"),
    ],
)
def test_variables_are_replaced_as_compose_does_it(text: str, expected: str) -> None:
    assert interpolate(text, GIVEN, Use()) == expected


@pytest.mark.parametrize("text", ["${NAME", "$", "a $ b", "${}", "${1}", "${NAME!x}", "$1"])
def test_bad_syntax_is_refused(text: str) -> None:
    with pytest.raises(BadInterpolationError):
        interpolate(text, GIVEN, Use())


def test_what_variables_turned_out_to_be_is_told() -> None:
    use = Use()
    interpolate("$ABSENT ${NAME} ${EMPTY:?give it} ${GONE?}", GIVEN, use)
    assert use.unset == ["ABSENT"]
    assert use.required == {"EMPTY": "give it", "GONE": "required variable is missing a value"}


def test_names_are_those_of_defaults_too() -> None:
    assert names_in("${A:-${B}} $C $$D") == ("A", "B", "C")


@pytest.mark.parametrize(
    ("text", "name"),
    [("${A}", "A"), ("$A", "A"), ("${A:-x${B}}", "A"), ("${A}${B}", None), ("a$A", None), ("", None), ("${A}x", None)],
)
def test_a_text_of_one_variable_is_known(text: str, name: str | None) -> None:
    assert only_variable(text) == name
