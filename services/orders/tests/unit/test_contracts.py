import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from app.events.consumed.inventory import InventoryRejected, InventoryReserved
from app.events.consumed.payments import PaymentCompleted
from app.events.consumed.users import UserDeleted, UserState
from app.events.published import order_created, payment_completed, refund_requested, status_reached
from app.inventory.consumed import OrderCancelled, OrderCreated
from app.inventory.published import inventory_rejected, inventory_reserved
from app.main import all_handlers
from app.models.order import Order, OrderItem, OrderStatus
from app.models.payment import Payment, RefundReason
from app.models.purchase import Purchase, Rejection, StatusReached
from fleetkit.events.cloudevents import CloudEvent
from jsonschema import Draft202012Validator
from pydantic import BaseModel

OWN = Path(__file__).parents[2] / "contracts" / "events"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "/orders"

ORDER = Order(
    id=uuid4(),
    user_id=uuid4(),
    status=OrderStatus.PENDING,
    currency="EUR",
    items=(OrderItem("keyboard", 2, 4900), OrderItem("sticker", 3, 0)),
    created_at=NOW,
)
PAYMENT = Payment("payment-1", 9800, "EUR")
WHOSE = {"order_id": str(ORDER.id), "user_id": str(ORDER.user_id)}
PAID = {"order_id": str(ORDER.id), "payment_id": "payment-1", "amount": 9800, "currency": "EUR"}
SHORT = {"reason": "insufficient_stock", "missing": ["keyboard"]}
ITEMS = [
    {"sku": "keyboard", "quantity": 2, "unit_price": 4900},
    {"sku": "sticker", "quantity": 3, "unit_price": 0},
]


def told(status: OrderStatus) -> CloudEvent:
    rejection = Rejection("insufficient_stock", ("keyboard",)) if status is OrderStatus.REJECTED else None
    purchase = Purchase(replace(ORDER, status=status), (PAYMENT,) if status is OrderStatus.PAID else ())
    return status_reached(purchase, StatusReached(status, rejection), at=NOW, source=SOURCE)


PUBLISHED: dict[str, tuple[CloudEvent, dict[str, Any]]] = {
    "order.created": (
        order_created(ORDER, source=SOURCE),
        {**WHOSE, "currency": "EUR", "total": 9800, "items": ITEMS},
    ),
    "order.confirmed": (told(OrderStatus.CONFIRMED), WHOSE),
    "order.rejected": (told(OrderStatus.REJECTED), {**WHOSE, **SHORT}),
    "order.cancelled": (told(OrderStatus.CANCELLED), WHOSE),
    "order.paid": (told(OrderStatus.PAID), {**WHOSE, **PAID}),
    "order.fulfilled": (told(OrderStatus.FULFILLED), WHOSE),
    "order.refund_requested": (
        refund_requested(ORDER.id, PAYMENT, RefundReason.ALREADY_PAID, at=NOW, source=SOURCE),
        {**PAID, "reason": "already_paid"},
    ),
    "payment.completed": (payment_completed(ORDER.id, PAYMENT, at=NOW, source=SOURCE), PAID),
    "inventory.reserved": (inventory_reserved(ORDER.id, source=SOURCE), {"order_id": str(ORDER.id)}),
    "inventory.rejected": (
        inventory_rejected(ORDER.id, ("keyboard",), source=SOURCE),
        {"order_id": str(ORDER.id), **SHORT},
    ),
}
USER = {"user_id": str(ORDER.user_id), "email": "ada@example.com", "name": "Ada", "role": "member"}
CONSUMED: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "user.registered": (UserState, USER),
    "user.updated": (UserState, USER),
    "user.deleted": (UserDeleted, {"user_id": str(ORDER.user_id)}),
    "order.created": (OrderCreated, PUBLISHED["order.created"][1]),
    "order.cancelled": (OrderCancelled, PUBLISHED["order.cancelled"][1]),
    "inventory.reserved": (InventoryReserved, PUBLISHED["inventory.reserved"][1]),
    "inventory.rejected": (InventoryRejected, PUBLISHED["inventory.rejected"][1]),
    "payment.completed": (PaymentCompleted, PUBLISHED["payment.completed"][1]),
}


def contract_of(event_type: str) -> Draft202012Validator:
    """The contract of an event, wherever its producer keeps it in this repository."""
    (path,) = OWN.parents[2].glob(f"*/contracts/events/{event_type}.json")
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def with_unknown_properties(value: Any) -> Any:
    """The same with a property more in every object."""
    if isinstance(value, dict):
        return {"colour": "green", **{key: with_unknown_properties(item) for key, item in value.items()}}
    return [with_unknown_properties(item) for item in value] if isinstance(value, list) else value


def restricted_to(part: Any, value: Any) -> Any:
    """Of `value`, the properties that `part` has."""
    if isinstance(value, dict):
        return {name: restricted_to(part[name], value[name]) for name in value if name in part}
    if isinstance(value, list):
        return [restricted_to(*both) for both in zip(part, value, strict=True)]
    return value


def event_of(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/somewhere",
        "type": event_type,
        "subject": str(uuid4()),
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }


def without_each_required(schema: dict[str, Any], data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in schema["properties"]["data"]["required"]:
        yield {key: value for key, value in data.items() if key != name}


@pytest.mark.parametrize("event_type", PUBLISHED)
def test_what_is_published_keeps_its_contract(event_type: str) -> None:
    event, data = PUBLISHED[event_type]
    assert (event.type, event.subject, event.data) == (event_type, str(ORDER.id), data)
    contract_of(event_type).validate(json.loads(event.model_dump_json()))


@pytest.mark.parametrize("event_type", PUBLISHED)
def test_a_contract_refuses_an_event_without_what_it_promises(event_type: str) -> None:
    contract = contract_of(event_type)
    schema = json.loads((OWN / f"{event_type}.json").read_text())
    incomplete = list(without_each_required(schema, PUBLISHED[event_type][1]))
    assert incomplete
    assert not any(contract.is_valid(event_of(event_type, data)) for data in incomplete)


@pytest.mark.parametrize("event_type", CONSUMED)
def test_reads_what_a_contract_allows_whatever_else_the_event_holds(event_type: str) -> None:
    model, data = CONSUMED[event_type]
    sent = with_unknown_properties(event_of(event_type, data))
    contract_of(event_type).validate(sent)
    event = CloudEvent.parse(json.dumps(sent).encode())
    understood = event.data_as(model).model_dump(mode="json")
    assert understood == restricted_to(understood, data)


def test_every_contract_is_of_an_event_that_may_be_published() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert {path.stem for path in OWN.glob("*.json")} == set(service["spec"]["broker"]["publishes"])
    assert set(PUBLISHED) == set(service["spec"]["broker"]["publishes"])


def test_every_event_with_a_handler_may_be_consumed() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    assert set(all_handlers(SOURCE)) == set(service["spec"]["broker"]["consumes"]) == set(CONSUMED)


def test_every_consumed_event_has_one_contract_with_the_service_that_sends_it() -> None:
    service = yaml.safe_load((OWN.parents[1] / "fastapiservice.yaml").read_text())
    services = OWN.parents[2]
    for event_type in service["spec"]["broker"]["consumes"]:
        assert len(list(services.glob(f"*/contracts/events/{event_type}.json"))) == 1, event_type
