"""`fleet validate` refuses what the API server refuses: the resources are those of the tests against a real one."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from fastapi_fleet.offline.validation import validate
from malformed import Malformed, malformed_resources
from refusals import REFUSED

MALFORMED = malformed_resources()


def refused_fields(manifest: Mapping[str, Any]) -> dict[str, str]:
    verdict = validate([("bad.yaml", yaml.safe_dump(dict(manifest)))])
    return {problem.field: problem.message for problem in verdict.problems}


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda malformed: malformed.id)
def test_each_constraint_of_each_field_is_held(malformed: Malformed) -> None:
    assert malformed.field in refused_fields(malformed.manifest)


@pytest.mark.parametrize(("manifest", "field", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_each_rule_across_fields_is_held(manifest: dict[str, Any], field: str, why: str) -> None:
    assert field in refused_fields(manifest), why
