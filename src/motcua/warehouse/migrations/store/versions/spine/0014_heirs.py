"""Who took over from which unit, and, of a dossier that an heir reports, which unit does so now."""

from alembic import op

revision = "0014"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        """
        create table unit_heir (
            unit_id text not null references unit,
            heir_id text not null references unit,
            primary key (unit_id, heir_id),
            check (unit_id <> heir_id)
        )
        """
    )
    op.execute("alter table dossier_version add column reported_unit_id text references unit")
