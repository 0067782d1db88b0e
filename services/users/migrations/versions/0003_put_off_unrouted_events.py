"""put off events that nobody consumes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("unrouted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # Not concurrently: that would wait for the processes that wait for the lock of migrations.
    op.create_index(op.f("ix_outbox_next_attempt_at_position"), "outbox", ["next_attempt_at", "position"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_next_attempt_at_position"), table_name="outbox")
    op.drop_column("outbox", "unrouted")
