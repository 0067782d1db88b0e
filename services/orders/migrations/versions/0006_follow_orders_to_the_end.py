"""follow orders to the end"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The version before reads and writes `status`, and knows nothing but pending and cancelled. It cancels what it still
# may; for the rest it gets the error that it answers with 503 and Retry-After, and the repetition finds this version.
KEEP_STATUS = """
CREATE FUNCTION keep_order_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state THEN
        NEW.status := CASE WHEN NEW.state IN ('cancelled', 'rejected') THEN 'cancelled' ELSE 'pending' END;
    ELSIF NEW.status <> OLD.status THEN
        IF OLD.state NOT IN ('pending', 'confirmed')
            OR EXISTS (SELECT FROM payments WHERE order_id = OLD.id AND refund_reason IS NULL) THEN
            RAISE EXCEPTION 'order is out of the reach of this version' USING ERRCODE = 'lock_not_available';
        END IF;
        NEW.state := NEW.status;
        NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    END IF;
    RETURN NEW;
END
$$
"""
KEEP_STATUS_ON_UPDATE = """
CREATE TRIGGER keep_order_status BEFORE UPDATE OF status, state ON orders
FOR EACH ROW EXECUTE FUNCTION keep_order_status()
"""


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refund_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False)
    op.create_index(
        "uq_payments_kept", "payments", ["order_id"], unique=True, postgresql_where=sa.text("refund_reason IS NULL")
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_stock_available")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_stock")),
    )
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_reservations")),
    )
    op.create_table(
        "reserved_items",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reserved_items_quantity")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reservations.order_id"], name=op.f("fk_reserved_items_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "sku", name=op.f("pk_reserved_items")),
    )
    op.alter_column("orders", "status", server_default="pending")
    op.add_column("orders", sa.Column("state", sa.Text(), server_default="pending", nullable=False))
    op.add_column(
        "orders", sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.execute("UPDATE orders SET state = status WHERE status <> 'pending'")
    op.execute(KEEP_STATUS)
    op.execute(KEEP_STATUS_ON_UPDATE)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_order_status ON orders")
    op.execute("DROP FUNCTION keep_order_status()")
    op.drop_column("orders", "updated_at")
    op.drop_column("orders", "state")
    op.alter_column("orders", "status", server_default=None)
    op.drop_table("reserved_items")
    op.drop_table("reservations")
    op.drop_table("stock")
    op.drop_index("uq_payments_kept", table_name="payments")
    op.drop_index(op.f("ix_payments_order_id"), table_name="payments")
    op.drop_table("payments")
