"""What parallel tasks share of the hosts, request slots and circuits; and what each source is known to send."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("create unlogged table request_slot (scope text primary key, next_at timestamptz not null)")
    op.execute(
        """
        create table host_circuit (
            host text primary key,
            failure_count integer not null,
            trip_count integer not null default 0,
            opened_until timestamptz,
            trial_until timestamptz,
            last_failure_at timestamptz not null,
            last_failure text not null
        )
        """
    )
    op.execute(
        """
        create table source_contract (
            source_id text primary key,
            row_count bigint not null,
            keys jsonb not null,
            page_cap integer,
            accepted_at timestamptz not null default now(),
            batch_id text not null references batch
        )
        """
    )
    op.execute(
        """
        create table source_drift (
            drift_id bigint generated always as identity primary key,
            source_id text not null,
            batch_id text not null references batch,
            kind text not null
                check (kind in ('new_field', 'vanished_field', 'retyped_field', 'unknown_code', 'page_cap')),
            name text not null,
            detail text not null,
            handling text not null check (handling in ('evolved', 'frozen', 'broken')),
            found_at timestamptz not null default now(),
            unique (batch_id, kind, name)
        )
        """
    )
    op.execute("create index source_drift_source on source_drift (source_id, found_at)")
