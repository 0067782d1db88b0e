"""SpecValid."""

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import ApiUnavailableError, InvalidSpecError
from fastapi_fleet.status.spec_valid import spec_valid


def test_invalid_spec_is_named_with_its_field() -> None:
    finding = spec_valid(InvalidSpecError("spec.port", "must be at most 65535"))
    assert (finding.status, finding.reason) == ("False", Reason.INVALID_SPEC)
    assert finding.message == "spec.port: must be at most 65535"


def test_spec_holds_without_a_problem_and_with_another() -> None:
    assert spec_valid(None).status == "True"
    assert spec_valid(ApiUnavailableError("no answer")).status == "True"
