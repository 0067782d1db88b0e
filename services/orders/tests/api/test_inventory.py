import httpx2
import pytest
from fleetkit.testing.tokens import user_headers


async def test_a_sku_is_not_limited_until_there_is_stock_of_it(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/inventory/keyboard")
    assert (answer.status_code, answer.json()["code"]) == (404, "sku_not_limited")


async def test_says_how_much_there_is_as_set_last(client: httpx2.AsyncClient) -> None:
    for available in (5, 0, 7):
        answer = await client.put("/inventory/keyboard", json={"available": available})
        assert (answer.status_code, answer.json()) == (200, {"sku": "keyboard", "available": available})
        assert (await client.get("/inventory/keyboard")).json() == answer.json()
    assert (await client.get("/inventory/sticker")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_stock_is_for_administrators(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(
        method,
        "/inventory/keyboard",
        json={"available": 1},
        headers=user_headers("5f0c7a52-58a4-4a0e-9c3b-6f1f7b7f5d11"),
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("sku", "body", "field"),
    [
        ("keyboard", {"available": -1}, "available"),
        ("keyboard", {"available": 1.5}, "available"),
        ("keyboard", {"available": 10**12}, "available"),
        ("keyboard", {}, "available"),
        ("keyboard", {"available": 1, "colour": "green"}, "colour"),
        ("-", {"available": 1}, "sku"),
    ],
)
async def test_names_what_it_refuses_of_stock(
    client: httpx2.AsyncClient, sku: str, body: dict[str, object], field: str
) -> None:
    answer = await client.put(f"/inventory/{sku}", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
