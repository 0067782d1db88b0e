import json
from typing import Any

import asyncpg
import httpx2
from app.config import Settings
from app.main import create_app
from fleetkit.testing import running_app

ORDER = {"currency": "EUR", "items": [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]}


async def outbox(settings: Settings) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        rows = await connection.fetch("SELECT body::text FROM outbox ORDER BY position")
    finally:
        await connection.close()
    return [json.loads(row["body"]) for row in rows]


async def test_pretends_that_an_order_was_paid(client: httpx2.AsyncClient, settings: Settings) -> None:
    order = (await client.post("/orders", json=ORDER)).json()
    answer = await client.post(f"/orders/{order['id']}/payment")
    assert answer.status_code == 202
    payment = answer.json()
    assert (payment["amount"], payment["currency"]) == (9800, "EUR")
    created, completed = await outbox(settings)
    assert (created["type"], completed["type"], completed["subject"]) == (
        "order.created",
        "payment.completed",
        order["id"],
    )
    assert completed["data"] == {
        "order_id": order["id"],
        "payment_id": payment["id"],
        "amount": 9800,
        "currency": "EUR",
    }


async def test_nothing_pretends_unless_the_settings_ask_for_it(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"development_endpoints": False, "process": "web"}))
    async with running_app(app) as client:
        answer = await client.post("/orders/5f0c7a52-58a4-4a0e-9c3b-6f1f7b7f5d11/payment")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        document = (await client.get("/openapi.json")).json()
    assert "/orders/{order_id}/cancel" in document["paths"]
    assert not any("payment" in path for path in document["paths"])
