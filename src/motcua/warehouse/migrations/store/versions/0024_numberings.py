"""The days on which the numbers of a source began again, and batches whose changed keys a person accepted."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(
        """
        create table source_numbering (
            source_id text not null,
            since date not null,
            noted_at timestamptz not null default now(),
            primary key (source_id, since)
        )
        """
    )
    op.execute("alter table batch add column is_change_accepted boolean not null default false")
