"""Editions: immutable figures with their canonical bytes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        create table edition (
            edition_id text primary key,
            report_code text not null,
            unit_id text not null,
            unit_code text not null,
            unit_name text not null,
            period_type text not null,
            period_label text not null,
            from_date date not null,
            to_date date not null check (to_date >= from_date),
            edition_no integer not null check (edition_no > 0),
            state text not null check (state in ('provisional', 'final')),
            restates_edition_id text references edition,
            canonical_bytes bytea not null,
            sha256 text not null check (sha256 = encode(sha256(canonical_bytes), 'hex')),
            published_at timestamptz not null default now(),
            unique (report_code, unit_id, period_type, from_date, to_date, edition_no)
        )
        """
    )
    op.execute(
        """
        create table edition_figure (
            edition_id text not null references edition,
            table_code text not null,
            row_no integer not null,
            row_code text not null,
            row_name text not null,
            level text,
            column_code text not null,
            quantity bigint not null,
            primary key (edition_id, table_code, row_no, column_code)
        )
        """
    )
