"""What a batch proves of its source: from which day receptions and stock are complete, and how an opening ended.

Of batches loaded before, only the receptions of their window are known: whether the source had listed its open dossiers
was not kept, so nothing is claimed of its stock.
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(
        """
        alter table batch
            add column is_opening boolean not null default false,
            add column receptions_from date,
            add column stock_from date,
            add column opening_asked_from date,
            add column opening_ended_by text check (opening_ended_by in ('first_record_on', 'nothing_open', 'register'))
        """
    )
    op.execute("update batch set receptions_from = window_from where extracted_at is not null")
