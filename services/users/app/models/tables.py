"""The tables, from which migrations are generated; queries are plain SQL in the repositories."""

from fleetkit.events.tables import add_event_tables
from fleetkit.migrations import NAMING_CONVENTION
from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, func, text

metadata = MetaData(naming_convention=NAMING_CONVENTION)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False, server_default=text("'member'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # The time of the event that tells of a change: later for each change of a user, whatever the clocks say.
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("role IN ('member', 'admin')", name="role"),
)
Index("uq_users_email", func.lower(users.c.email), unique=True)
Index(None, users.c.created_at, users.c.id)

# Apart from `users`, because an order's event may arrive before anything else is known of its user.
order_counts = Table(
    "order_counts",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("orders", Integer, nullable=False),
)

add_event_tables(metadata)
