"""create tables"""

import sqlalchemy as sa
from alembic import op
from fleetkit.events.tables import add_event_tables
from fleetkit.idempotency_table import add_idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata = sa.MetaData()
    add_event_tables(metadata)
    add_idempotency_table(metadata)
    metadata.create_all(op.get_bind())
    op.create_table("effects", sa.Column("subject", sa.Text(), nullable=False))


def downgrade() -> None:
    op.drop_table("effects")
