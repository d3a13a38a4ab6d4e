"""The rest days of the working calendar, for the clock of the intake of online dossiers.

The table is a copy of the catalogue's calendar. It is written before measures are counted (`motcua.aggregate`). Until
then it has the weekends by which an older version counted, so that what was counted stays as it is.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("create table rest_day (day date primary key, next_workday_on date not null)")
    op.execute(
        """
        insert into rest_day (day, next_workday_on)
        select day, day + 8 - extract(isodow from day)::int
        from (
            select generate_series(date '2010-01-01', date '2039-12-31', interval '1 day')::date as day
        ) as days
        where extract(isodow from day) in (6, 7)
        """
    )
