"""Add nothing, beside 0004: two people began from 0003."""

revision = "beside"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
