"""page and change users"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    # Not concurrently: that would wait for the processes that wait for the lock of migrations.
    op.create_index(op.f("ix_users_created_at_id"), "users", ["created_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_users_created_at_id"), table_name="users")
    op.drop_column("users", "updated_at")
