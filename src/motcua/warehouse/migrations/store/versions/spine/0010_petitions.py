"""Petitions (phản ánh, kiến nghị): dates and outcome only, no text and no person."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        """
        create table petition (
            source_id text not null,
            petition_id text not null,
            unit_id text not null references unit,
            kind text not null check (kind in ('behaviour', 'regulation')),
            about text check (about in ('procedure', 'official')),
            received_on date not null,
            due_on date check (due_on >= received_on),
            handled_on date check (handled_on >= received_on),
            published_on date check (published_on >= received_on),
            is_satisfied boolean,
            is_repeated boolean,
            noted_at timestamptz not null default now(),
            primary key (source_id, petition_id)
        )
        """
    )
    op.execute("create index petition_unit on petition (unit_id, received_on)")
