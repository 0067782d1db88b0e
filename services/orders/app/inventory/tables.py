"""The tables of the inventory, which no other part reads or writes."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
)


def add_inventory_tables(metadata: MetaData) -> None:
    """Adds the tables `stock`, `reservations` and `reserved_items` to `metadata`."""
    Table(
        "stock",
        metadata,
        Column("sku", Text, primary_key=True),
        Column("available", BigInteger, nullable=False),
        CheckConstraint("available >= 0", name="available"),
    )
    Table(
        "reservations",
        metadata,
        Column("order_id", Uuid, primary_key=True),
        Column("status", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    # Only what was taken from stock: a SKU that was not limited then has nothing to give back.
    Table(
        "reserved_items",
        metadata,
        Column("order_id", Uuid, ForeignKey("reservations.order_id", ondelete="CASCADE"), nullable=False),
        Column("sku", Text, nullable=False),
        Column("quantity", BigInteger, nullable=False),
        PrimaryKeyConstraint("order_id", "sku"),
        CheckConstraint("quantity > 0", name="quantity"),
    )
