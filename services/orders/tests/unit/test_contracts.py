import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from app.events.consumed import HANDLERS, UserRegistered
from app.events.published import order_created
from app.models.order import Order, OrderItem, OrderStatus
from fleetkit.events.cloudevents import CloudEvent
from jsonschema import Draft202012Validator

OWN = Path(__file__).parents[2] / "contracts" / "events"


def test_order_created_keeps_its_contract() -> None:
    schema = json.loads((OWN / "order.created.json").read_text())
    order = Order(
        id=uuid4(),
        user_id=uuid4(),
        status=OrderStatus.PENDING,
        currency="EUR",
        items=(OrderItem("keyboard", 2, 4900), OrderItem("sticker", 3, 0)),
        created_at=datetime.now(UTC),
    )
    event = json.loads(order_created(order, source="/orders").model_dump_json())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(event)
    assert event["data"]["total"] == 9800


def test_reads_user_registered_whatever_else_the_event_holds() -> None:
    user_id = uuid4()
    data = {"user_id": str(user_id), "email": "ada@example.com", "name": "Ada", "role": "member", "colour": "green"}
    event = CloudEvent.parse(
        json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "/users",
                "type": "user.registered",
                "time": "2026-01-01T00:00:00Z",
                "data": data,
                "extension": "ignored",
            }
        ).encode()
    )
    assert event.type in HANDLERS
    assert event.data_as(UserRegistered).user_id == user_id
