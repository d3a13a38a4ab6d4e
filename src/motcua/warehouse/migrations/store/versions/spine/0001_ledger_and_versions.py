"""The ledger of batches, the append-only dossier versions, the measures."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("create schema staging")
    op.execute(
        """
        create table unit (
            unit_id text primary key,
            code text not null,
            kind text not null check (kind in ('province', 'district', 'commune', 'agency')),
            level text not null check (level in ('province', 'district', 'commune')),
            parent_id text references unit deferrable initially deferred,
            name text not null,
            valid_from date not null,
            valid_to date
        )
        """
    )
    op.execute(
        """
        create table batch (
            batch_id text primary key,
            run_id text not null,
            source_id text not null,
            level text not null check (level in ('province', 'district', 'commune')),
            window_from date not null,
            window_to date not null check (window_to >= window_from),
            state text not null default 'planned'
                check (state in ('planned', 'extracted', 'validated', 'loaded', 'failed', 'held')),
            attempt_count integer not null default 0,
            landing_uri text,
            manifest_sha256 text,
            declared_total bigint,
            pulled_count bigint,
            out_of_window_count bigint,
            duplicate_count bigint,
            quarantined_count bigint,
            new_count bigint,
            changed_count bigint,
            unchanged_count bigint,
            failed_stage text,
            error_kind text,
            error_message text,
            planned_at timestamptz not null default now(),
            extracted_at timestamptz,
            validated_at timestamptz,
            loaded_at timestamptz,
            measured_at timestamptz,
            constraint batch_balances check (
                state <> 'loaded'
                or (
                    pulled_count
                    = new_count + changed_count + unchanged_count
                    + duplicate_count + quarantined_count + out_of_window_count
                ) is true
            ),
            constraint batch_matches_declared_total check (
                state <> 'loaded' or declared_total is null or declared_total = pulled_count
            )
        )
        """
    )
    op.execute("create index batch_source on batch (source_id, window_to)")
    op.execute("create index batch_run on batch (run_id)")
    op.execute("create index batch_unmeasured on batch (batch_id) where state = 'loaded' and measured_at is null")
    op.execute(
        """
        create table dossier_version (
            version_id bigint generated always as identity primary key,
            system_code text not null,
            agency_code text not null,
            dossier_id text not null,
            dossier_no text,
            reference_uid text,
            parent_dossier_id text,
            unit_code text,
            procedure_code text not null,
            procedure_suffix text,
            source_field_code text,
            status_code smallint not null check (status_code between 1 and 10),
            source_status text,
            channel_code smallint check (channel_code in (1, 2, 3)),
            submitted_at timestamp,
            received_at timestamp,
            due_at timestamp,
            finished_at timestamp,
            returned_at timestamp,
            refused_at timestamp,
            paused_at timestamp,
            is_clock_stopped boolean,
            supplement_count smallint,
            apology_count smallint,
            apology_at timestamp,
            fee_amount bigint,
            paid_online_code smallint,
            online_level smallint,
            applicant_kind text,
            applicant_ref text,
            unit_id text not null references unit,
            field_code text not null,
            content_hash text not null,
            source_id text not null,
            batch_id text not null references batch,
            known_from timestamptz not null,
            known_to timestamptz,
            superseded_by_batch_id text references batch,
            check ((known_to is null) = (superseded_by_batch_id is null))
        )
        """
    )
    op.execute(
        """
        create unique index dossier_version_current
        on dossier_version (system_code, agency_code, dossier_id) where known_to is null
        """
    )
    op.execute("create index dossier_version_batch on dossier_version (batch_id)")
    op.execute(
        """
        create index dossier_version_superseded
        on dossier_version (superseded_by_batch_id) where superseded_by_batch_id is not null
        """
    )
    op.execute("create index dossier_version_unit on dossier_version (unit_id) where known_to is null")
    op.execute(
        """
        create index dossier_version_open on dossier_version (source_id)
        where known_to is null and status_code in (2, 4, 5, 6)
        """
    )
    op.execute(
        """
        create function only_supersession() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' then
                raise exception 'dossier_version is append-only: version % may not be deleted', old.version_id;
            end if;
            if old.known_to is not null
                or (to_jsonb(new) - 'known_to' - 'superseded_by_batch_id')
                is distinct from (to_jsonb(old) - 'known_to' - 'superseded_by_batch_id') then
                raise exception 'dossier_version is append-only: version % may only be superseded, once',
                    old.version_id;
            end if;
            return new;
        end $$
        """
    )
    op.execute(
        """
        create trigger dossier_version_append_only before update or delete on dossier_version
        for each row execute function only_supersession()
        """
    )
    op.execute(
        """
        create table measure_day (
            unit_id text not null references unit,
            procedure_code text not null,
            field_code text not null,
            on_day date not null,
            measure text not null,
            quantity bigint not null check (quantity <> 0),
            primary key (unit_id, measure, on_day, procedure_code, field_code)
        )
        """
    )
