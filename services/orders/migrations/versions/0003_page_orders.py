"""page orders"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not concurrently: that would wait for the processes that wait for the lock of migrations.
    op.create_index(op.f("ix_orders_created_at_id"), "orders", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_orders_user_id_created_at_id"), "orders", ["user_id", "created_at", "id"], unique=False)
    op.drop_index(op.f("ix_orders_user_id"), table_name="orders")


def downgrade() -> None:
    op.create_index(op.f("ix_orders_user_id"), "orders", ["user_id"], unique=False)
    op.drop_index(op.f("ix_orders_user_id_created_at_id"), table_name="orders")
    op.drop_index(op.f("ix_orders_created_at_id"), table_name="orders")
