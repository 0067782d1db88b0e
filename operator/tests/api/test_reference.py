import pytest
from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.crd import FASTAPI_SERVICE, KINDS, ResourceKind, resource_schema
from fastapi_fleet.api.glossary import CONDITIONS, REASONS
from fastapi_fleet.api.reference import conditions_page, fields_of, reference_pages, resource_page


def test_every_condition_has_a_meaning() -> None:
    assert [kind for kind in ConditionType if not CONDITIONS.get(kind)] == []


def test_every_reason_has_a_meaning_and_a_cure() -> None:
    explained = {reason for reason, explanation in REASONS.items() if explanation.meaning and explanation.cure}
    assert explained == set(Reason)


def test_page_of_conditions_lists_them_all() -> None:
    page = conditions_page()
    assert [word for word in [*ConditionType, *Reason] if f"| `{word}` |" not in page] == []


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_page_of_a_kind_lists_every_field(resource: ResourceKind) -> None:
    page = resource_page(resource)
    paths = [field.path for field in fields_of(resource_schema(resource)) if "." in field.path]
    assert [path for path in paths if f"| `{path}` |" not in page] == []


def test_row_of_a_field_has_type_default_limits_and_meaning() -> None:
    expected = "| `spec.port` | integer | `8000` | at least 1; at most 65535 | Port that the container and the"
    assert expected in resource_page(FASTAPI_SERVICE)


def test_rule_is_listed_where_it_is_reported() -> None:
    assert "| `spec.shutdown.drainSeconds` | shutdown.drainSeconds must leave" in resource_page(FASTAPI_SERVICE)


def test_brackets_in_a_message_do_not_become_a_link() -> None:
    page = resource_page(FASTAPI_SERVICE)
    assert r"keys must match ^(\[a-z0-9\](\[-a-z0-9.\]\*\[a-z0-9\])?/)?" in page


def test_pipes_in_a_pattern_do_not_break_the_table() -> None:
    for page in reference_pages().values():
        widths = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| ")}
        assert widths <= {3, 4, 6}
