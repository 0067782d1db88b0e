"""Endpoints of stock, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fleetkit.auth.dependencies import AUTH_RESPONSES, BearerToken
from fleetkit.auth.principal import ADMIN
from fleetkit.problems import problem_responses

from app.inventory.schemas import Sku, StockRead, StockUpdate
from app.inventory.service import InventoryService, SkuNotLimitedError
from app.inventory.stock import Stock

router = APIRouter(
    prefix="/inventory", tags=["inventory"], dependencies=[Depends(BearerToken(ADMIN))], responses=AUTH_RESPONSES
)


async def get_inventory_service(request: Request) -> InventoryService:
    """The inventory of this application."""
    service: InventoryService = request.state.inventory_service
    return service


Inventory = Annotated[InventoryService, Depends(get_inventory_service)]


@router.get("/{sku}", response_model=StockRead, responses=problem_responses(SkuNotLimitedError))
async def get_stock(sku: Sku, inventory: Inventory) -> Stock:
    """Answers with how much of a SKU can still be reserved."""
    return await inventory.get(sku)


@router.put("/{sku}", response_model=StockRead)
async def set_stock(sku: Sku, body: StockUpdate, inventory: Inventory) -> Stock:
    """Says how much of a SKU can be reserved from now on, which limits it where it was not."""
    return await inventory.set(Stock(sku, body.available))
