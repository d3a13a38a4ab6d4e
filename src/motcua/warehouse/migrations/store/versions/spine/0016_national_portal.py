"""What the National Portal said, each time it was asked, and the differences to ours that are open."""

from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    op.execute(
        """
        create table portal_figure (
            fetched_at timestamptz not null,
            root_unit_id text not null references unit,
            period_type text not null,
            from_date date not null,
            to_date date not null,
            department_id text not null,
            department_name text not null,
            unit_id text references unit,
            procedure_code text not null,
            metric text not null,
            quantity bigint not null,
            primary key (
                root_unit_id, period_type, from_date, to_date, fetched_at, department_id, procedure_code, metric
            )
        )
        """
    )
    op.execute(
        """
        create table portal_difference (
            difference_id bigint generated always as identity primary key,
            root_unit_id text not null references unit,
            unit_id text not null references unit,
            procedure_code text not null,
            metric text not null,
            period_type text not null,
            from_date date not null,
            to_date date not null,
            kind text not null,
            ours bigint not null,
            theirs bigint not null check (theirs <> ours),
            why text not null,
            first_seen_on date not null,
            last_seen_on date not null check (last_seen_on >= first_seen_on),
            closed_on date check (closed_on >= first_seen_on)
        )
        """
    )
    op.execute(
        """
        create unique index portal_difference_open
        on portal_difference (root_unit_id, unit_id, procedure_code, metric, period_type, from_date, to_date)
        where closed_on is null
        """
    )
