"""The rest days of the working calendar, for the clock of the intake of online dossiers.

The table is a copy of the catalogue's calendar. It is written before measures are counted (`motcua.aggregate`).
"""

from alembic import op

revision = "0028"
down_revision = "0026"


def upgrade() -> None:
    op.execute("create table rest_day (day date primary key, next_workday_on date not null)")
