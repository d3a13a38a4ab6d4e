"""By what the records of a pull were read: the entry of its source and the mapping, as a hash.

None of pulls of before, of which nobody knows. A source that was read again as a whole is in `source_read_again`.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("alter table batch add column reading_sha256 text")
    op.execute(
        """
        create table source_read_again (
            source_id text not null,
            reading_sha256 text not null,
            read_at timestamptz not null,
            primary key (source_id, reading_sha256)
        )
        """
    )
