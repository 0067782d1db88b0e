import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from app.events.consumed import HANDLERS, HANDLERS_WITHOUT_MAIL, NewUser, OrderOfUser
from app.events.published import user_deleted, user_registered, user_updated
from app.models.user import Role, User
from fleetkit.events.cloudevents import CloudEvent
from jsonschema import Draft202012Validator

OWN = Path(__file__).parents[2] / "contracts" / "events"


AT = datetime(2026, 1, 1, tzinfo=UTC)


def assert_keeps_contract(event: CloudEvent) -> None:
    schema = json.loads((OWN / f"{event.type}.json").read_text())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    validator.validate(json.loads(event.model_dump_json()))


@pytest.mark.parametrize("make", [user_registered, user_updated])
@pytest.mark.parametrize("role", list(Role))
def test_what_a_user_is_keeps_its_contract(make: Callable[..., CloudEvent], role: Role) -> None:
    user = User(id=uuid4(), email="ada@example.com", name="Ada", role=role)
    event = make(user, at=AT, source="/users")
    assert_keeps_contract(event)
    assert (event.time, event.subject) == (AT, str(user.id))


def test_user_deleted_keeps_its_contract() -> None:
    user_id = uuid4()
    event = user_deleted(user_id, at=AT, source="/users")
    assert_keeps_contract(event)
    assert (event.time, event.subject, event.data) == (AT, str(user_id), {"user_id": str(user_id)})


def test_every_contract_is_of_an_event_that_may_be_published() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert {path.stem for path in OWN.glob("*.json")} == set(service["spec"]["broker"]["publishes"])


def test_every_event_with_a_handler_may_be_consumed() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert set(HANDLERS) == set(HANDLERS_WITHOUT_MAIL) == set(service["spec"]["broker"]["consumes"])


def test_every_consumed_event_has_one_contract_with_the_service_that_sends_it() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    services = OWN.parents[2]
    for event_type in service["spec"]["broker"]["consumes"]:
        assert len(list(services.glob(f"*/contracts/events/{event_type}.json"))) == 1, event_type


@pytest.mark.parametrize("event_type", ["order.created", "order.cancelled", "order.rejected"])
def test_reads_what_orders_tells_whatever_else_the_event_holds(event_type: str) -> None:
    user_id = uuid4()
    event = CloudEvent.parse(
        json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "/orders",
                "type": event_type,
                "time": "2026-01-01T00:00:00Z",
                "data": {"user_id": str(user_id), "colour": "green"},
                "extension": "ignored",
            }
        ).encode()
    )
    assert event.type in HANDLERS
    assert event.data_as(OrderOfUser).user_id == user_id


def test_reads_what_it_tells_of_a_new_user_itself() -> None:
    user = User(id=uuid4(), email="ada@example.com", name="Ada", role=Role.MEMBER)
    event = CloudEvent.parse(user_registered(user, at=AT, source="/users").model_dump_json().encode())
    assert event.data_as(NewUser).user_id == user.id
