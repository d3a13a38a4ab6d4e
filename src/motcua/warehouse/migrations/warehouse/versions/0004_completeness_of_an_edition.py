"""Whether an edition is provisional or final is its completeness; its approval is another field, not here yet."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table edition rename column state to completeness")
