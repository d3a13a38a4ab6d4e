"""Which sources failed at a host, and how often no connection was had: a site that fails is not its host."""

from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    op.execute(
        """
        alter table host_circuit
            add column unreachable_count integer not null default 0,
            add column source_ids text[] not null default '{}'
        """
    )
