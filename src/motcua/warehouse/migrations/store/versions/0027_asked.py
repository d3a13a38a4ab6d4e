"""Where and what each pull asked, by the keys of its entry, each as a hash; and the days that a register showed.

Of pulls of before nobody knows: they have no key at all. A replay asks nothing, so it has none of it.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute(
        """
        alter table batch
            add column asked_sha256 jsonb,
            add column shown_days daterange
        """
    )
    op.execute("update batch set asked_sha256 = '{}' where replay_of is null")
