"""What units owe for each period, what they declared empty, and the reminders sent."""

from alembic import op

revision = "0011"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        """
        create table obligation (
            obligation_id text primary key,
            report_code text not null,
            unit_id text not null references unit,
            period_type text not null,
            period_label text not null,
            from_date date not null,
            to_date date not null check (to_date >= from_date),
            due_on date not null check (due_on > to_date),
            evidence text not null,
            created_at timestamptz not null default now(),
            unique (report_code, unit_id, period_type, from_date, to_date)
        )
        """
    )
    op.execute("create index obligation_due on obligation (due_on)")
    op.execute(
        """
        create table empty_declaration (
            obligation_id text not null references obligation,
            declared_at timestamptz not null default now(),
            declared_by text not null check (declared_by <> ''),
            reason text not null check (reason <> ''),
            withdrawn_at timestamptz,
            primary key (obligation_id, declared_at)
        )
        """
    )
    op.execute(
        """
        create unique index empty_declaration_in_force
        on empty_declaration (obligation_id) where withdrawn_at is null
        """
    )
    op.execute(
        """
        create table reminder (
            obligation_id text not null references obligation,
            working_days integer not null,
            cell text not null,
            sent_at timestamptz not null default now(),
            primary key (obligation_id, working_days)
        )
        """
    )
