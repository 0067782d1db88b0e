"""The tables, from which migrations are generated; queries are plain SQL in the repositories."""

from fleetkit.events.tables import add_event_tables
from fleetkit.migrations import NAMING_CONVENTION
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

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

# Apart from `users`: what reads users cannot read hashes by accident.
passwords = Table(
    "passwords",
    metadata,
    Column("user_id", Uuid, ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# One for each user who is to get a welcome mail, for as long as there is the user: no second one is sent.
welcome_mails = Table(
    "welcome_mails",
    metadata,
    Column("user_id", Uuid, ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # Infinity once there is nothing more to do.
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("sent_at", DateTime(timezone=True), nullable=True),
    Column("last_error", Text, nullable=True),
)
Index(None, welcome_mails.c.next_attempt_at)

# Apart from `users`, because an order's event may arrive before anything else is known of its user.
order_counts = Table(
    "order_counts",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("orders", Integer, nullable=False),
)

add_event_tables(metadata)
