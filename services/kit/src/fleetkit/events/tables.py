"""The outbox and inbox tables, for the metadata from which a service generates its migrations."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_event_tables(metadata: MetaData) -> None:
    """Adds the tables `outbox` and `inbox` to `metadata`."""
    outbox = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("id", Uuid, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("body", JSONB, nullable=False),
        Column("request_id", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("last_error", Text),
        # No queue is bound for the type: it waits apart from what the broker does not take in time.
        Column("unrouted", Boolean, nullable=False, server_default=false()),
    )
    # What is due lies in front, however much has been put off.
    Index(None, outbox.c.next_attempt_at, outbox.c.position)
    inbox = Table(
        "inbox",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("message_id", Text, nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("consumer", "message_id"),
    )
    Index(None, inbox.c.received_at)
