"""An edition may be read on another map of units than that of its period's last day: a series of its own."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("alter table edition add column map_code text not null default ''")
    op.execute(
        """
        do $$
        declare
            found text;
        begin
            select conname into found from pg_constraint
            where conrelid = 'edition'::regclass and contype = 'u';
            execute format('alter table edition drop constraint %I', found);
        end $$
        """
    )
    op.execute(
        """
        alter table edition add unique
        (report_code, unit_id, period_type, from_date, to_date, map_code, edition_no)
        """
    )
