"""The table of `fleetkit.idempotency`, for the metadata from which a service generates its migrations."""

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, func


def add_idempotency_table(metadata: MetaData) -> None:
    """Adds the table `idempotency_keys` to `metadata`."""
    table = Table(
        "idempotency_keys",
        metadata,
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("answer", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    Index(None, table.c.created_at)
