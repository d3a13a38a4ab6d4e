"""When a changed working calendar moved measures, and from which day on: for the planner of editions.

A store of before has none. What its first count by the calendar moves is noted then, by unit.
"""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute(
        """
        create table recount (
            counted_at timestamptz not null,
            unit_id text not null,
            changed_from date not null,
            primary key (counted_at, unit_id)
        )
        """
    )
