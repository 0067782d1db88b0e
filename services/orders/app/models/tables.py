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

from app.inventory.tables import add_inventory_tables

metadata = MetaData(naming_convention=NAMING_CONVENTION)

orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    # For the version before, which knows pending and cancelled; a trigger keeps it, the next release drops both.
    Column("status", Text, nullable=False, server_default="pending"),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
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

# Without a foreign key: a payment for an order that does not exist is remembered too, to go back once.
payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Uuid, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("refund_reason", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
Index(None, payments.c.order_id)
Index("uq_payments_kept", payments.c.order_id, unique=True, postgresql_where=payments.c.refund_reason.is_(None))

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
add_inventory_tables(metadata)
