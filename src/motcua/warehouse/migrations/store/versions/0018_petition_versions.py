"""Petitions as records: versions that are only added to, in place of a table that was overwritten.

What `petition` holds becomes the first versions. Each source of them gets one loaded batch, so that a version has the
batch it came from. Which days those files answered for, and which rows were refused, was never kept: the batch's window
is a day that no report asks for, so every day counts as missing until the source is read again.
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("drop view if exists counted_day")
    op.execute("drop view if exists petition_contribution")
    op.execute(
        """
        create table petition_version (
            version_id bigint generated always as identity primary key,
            system_code text not null,
            agency_code text not null,
            petition_id text not null,
            unit_code text,
            kind text not null check (kind in ('behaviour', 'regulation', 'other')),
            about text check (about in ('procedure', 'official')),
            received_on date not null,
            due_on date check (due_on >= received_on),
            handled_on date check (handled_on >= received_on),
            published_on date check (published_on >= received_on),
            is_satisfied boolean,
            is_repeated boolean,
            unit_id text not null references unit,
            content_hash text not null,
            source_id text not null,
            batch_id text not null references batch,
            known_from timestamptz not null,
            known_to timestamptz,
            superseded_by_batch_id text references batch,
            said_at timestamptz,
            check ((known_to is null) = (superseded_by_batch_id is null))
        )
        """
    )
    op.execute(
        """
        create unique index petition_version_current
        on petition_version (system_code, agency_code, petition_id) where known_to is null
        """
    )
    op.execute("create index petition_version_batch on petition_version (batch_id)")
    op.execute(
        """
        create index petition_version_superseded
        on petition_version (superseded_by_batch_id) where superseded_by_batch_id is not null
        """
    )
    op.execute("create index petition_version_unit on petition_version (unit_id, received_on) where known_to is null")
    op.execute(
        """
        create trigger petition_version_append_only before update or delete on petition_version
        for each row execute function only_supersession()
        """
    )
    op.execute(
        """
        insert into batch (
            batch_id, run_id, source_id, level, window_from, window_to, state, record_kind, is_whole,
            pulled_count, out_of_window_count, duplicate_count, quarantined_count,
            new_count, changed_count, unchanged_count,
            planned_at, extracted_at, validated_at, loaded_at, measured_at
        )
        select
            petition.source_id || '@before-0018', 'before-0018', petition.source_id,
            (array_agg(unit.level order by unit.level))[1], '1900-01-01', '1900-01-01', 'loaded', 'petition', true,
            count(*), 0, 0, 0, count(*), 0, 0,
            min(noted_at), max(noted_at), max(noted_at), max(noted_at), max(noted_at)
        from petition
        inner join unit using (unit_id)
        group by petition.source_id
        """
    )
    # The hash is made as consolidate/compare_incoming makes it, so that the same files read again change nothing.
    op.execute(
        """
        insert into petition_version (
            system_code, agency_code, petition_id, kind, about, received_on, due_on, handled_on, published_on,
            is_satisfied, is_repeated, unit_id, content_hash, source_id, batch_id, known_from, said_at
        )
        select
            'petitions', source_id, petition_id, kind, about, received_on, due_on, handled_on, published_on,
            is_satisfied, is_repeated, unit_id,
            encode(sha256(convert_to((jsonb_build_array() || jsonb_strip_nulls(jsonb_build_object(
                'kind', kind, 'about', about, 'received_on', received_on, 'due_on', due_on, 'handled_on', handled_on,
                'published_on', published_on, 'is_satisfied', is_satisfied, 'is_repeated', is_repeated,
                'unit_id', unit_id
            )))::text, 'UTF8')), 'hex'),
            source_id, source_id || '@before-0018', noted_at, noted_at
        from petition
        order by noted_at, source_id, petition_id
        """
    )
    op.execute("drop table petition")
