"""The tables, from which migrations are generated; queries are plain SQL in the repositories."""

from fleetkit.events.tables import add_event_tables
from fleetkit.idempotency_table import add_idempotency_table
from fleetkit.migrations import NAMING_CONVENTION
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    false,
    func,
)

metadata = MetaData(naming_convention=NAMING_CONVENTION)

orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index(None, orders.c.created_at, orders.c.id)
Index(None, orders.c.user_id, orders.c.created_at, orders.c.id)

order_items = Table(
    "order_items",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id", ondelete="CASCADE"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_id", "line"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("unit_price >= 0", name="unit_price"),
)

# A copy that follows the events of the users service, for when that service cannot be asked.
known_users = Table(
    "known_users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    # A deletion is remembered without what was known of the user: an event that comes late brings nobody back.
    Column("deleted", Boolean, nullable=False, server_default=false()),
)

add_event_tables(metadata)
add_idempotency_table(metadata)
