import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from app.events.consumed import HANDLERS, UserDeleted, UserState
from app.events.published import order_cancelled, order_created
from app.models.order import Order, OrderItem, OrderStatus
from fleetkit.events.cloudevents import CloudEvent
from jsonschema import Draft202012Validator

OWN = Path(__file__).parents[2] / "contracts" / "events"


ORDER = Order(
    id=uuid4(),
    user_id=uuid4(),
    status=OrderStatus.PENDING,
    currency="EUR",
    items=(OrderItem("keyboard", 2, 4900), OrderItem("sticker", 3, 0)),
    created_at=datetime.now(UTC),
)


def assert_keeps_contract(event: CloudEvent) -> None:
    schema = json.loads((OWN / f"{event.type}.json").read_text())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    validator.validate(json.loads(event.model_dump_json()))


def test_order_created_keeps_its_contract() -> None:
    event = order_created(ORDER, source="/orders")
    assert_keeps_contract(event)
    assert event.data["total"] == 9800


def test_order_cancelled_keeps_its_contract() -> None:
    event = order_cancelled(ORDER, source="/orders")
    assert_keeps_contract(event)
    assert event.data == {"order_id": str(ORDER.id), "user_id": str(ORDER.user_id)}


@pytest.mark.parametrize(
    ("event_type", "model"),
    [("user.registered", UserState), ("user.updated", UserState), ("user.deleted", UserDeleted)],
)
def test_reads_what_users_tells_whatever_else_the_event_holds(
    event_type: str, model: type[UserState] | type[UserDeleted]
) -> None:
    user_id = uuid4()
    data = {"user_id": str(user_id), "email": "ada@example.com", "name": "Ada", "role": "member", "colour": "green"}
    event = CloudEvent.parse(
        json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "/users",
                "type": event_type,
                "time": "2026-01-01T00:00:00Z",
                "data": data,
                "extension": "ignored",
            }
        ).encode()
    )
    assert event.type in HANDLERS
    assert event.data_as(model).user_id == user_id


def test_every_contract_is_of_an_event_that_may_be_published() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert {path.stem for path in OWN.glob("*.json")} == set(service["spec"]["broker"]["publishes"])


def test_every_event_with_a_handler_may_be_consumed() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert set(HANDLERS) == set(service["spec"]["broker"]["consumes"])
