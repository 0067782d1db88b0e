import json
from pathlib import Path
from uuid import uuid4

import pytest
from app.events.consumed import HANDLERS, OrderCreated
from app.events.published import user_registered
from app.models.user import Role, User
from fleetkit.events.cloudevents import CloudEvent
from jsonschema import Draft202012Validator

OWN = Path(__file__).parents[2] / "contracts" / "events"


@pytest.mark.parametrize("role", list(Role))
def test_user_registered_keeps_its_contract(role: Role) -> None:
    schema = json.loads((OWN / "user.registered.json").read_text())
    user = User(id=uuid4(), email="ada@example.com", name="Ada", role=role)
    event = json.loads(user_registered(user, source="/users").model_dump_json())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(event)


def test_reads_order_created_whatever_else_the_event_holds() -> None:
    user_id = uuid4()
    event = CloudEvent.parse(
        json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "/orders",
                "type": "order.created",
                "time": "2026-01-01T00:00:00Z",
                "data": {"user_id": str(user_id), "colour": "green"},
                "extension": "ignored",
            }
        ).encode()
    )
    assert event.type in HANDLERS
    assert event.data_as(OrderCreated).user_id == user_id
