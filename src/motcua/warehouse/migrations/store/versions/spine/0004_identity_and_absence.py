"""One count for a dossier seen twice, steps of inter-agency dossiers, and dossiers that a source no longer shows."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # said_at: when the source said what a version holds, where that is earlier than when the version was made: a
    # version made anew only because of another dossier must not look fresher than what its own source says later.
    op.execute(
        """
        alter table dossier_version
            add column duplicate_of text,
            add column is_deleted boolean not null default false,
            add column deletion_proof text,
            add column modified_at timestamp,
            add column said_at timestamptz,
            add constraint deletion_has_proof check (is_deleted = (deletion_proof is not null))
        """
    )
    op.execute(
        """
        create index dossier_version_duplicate
        on dossier_version (duplicate_of) where known_to is null and duplicate_of is not null
        """
    )
    op.execute(
        "create index dossier_version_received on dossier_version (source_id, received_at) where known_to is null"
    )
    op.execute(
        """
        alter table batch
            add column unconfirmed_count bigint,
            add column tombstoned_count bigint,
            add column restored_count bigint,
            add column is_shrink_accepted boolean not null default false
        """
    )
    op.execute(
        """
        create table dossier_step (
            system_code text not null,
            agency_code text not null,
            dossier_id text not null,
            parent_dossier_id text not null,
            dossier_no text,
            unit_code text,
            procedure_code text,
            status_code smallint,
            source_status text,
            received_at timestamp,
            due_at timestamp,
            finished_at timestamp,
            returned_at timestamp,
            source_id text not null,
            batch_id text not null references batch,
            said_at timestamptz not null,
            primary key (system_code, agency_code, dossier_id)
        )
        """
    )
    op.execute("create index dossier_step_parent on dossier_step (system_code, parent_dossier_id)")
    op.execute(
        """
        create table dossier_absence (
            system_code text not null,
            agency_code text not null,
            dossier_id text not null,
            source_id text not null,
            state text not null check (state in ('unconfirmed', 'tombstoned', 'seen_again')),
            missed_in_batch_id text not null references batch,
            missed_at timestamptz not null,
            missed_count integer not null default 1,
            settled_in_batch_id text references batch,
            settled_at timestamptz,
            proof text,
            primary key (system_code, agency_code, dossier_id),
            check ((state = 'unconfirmed') = (settled_in_batch_id is null)),
            check ((state = 'tombstoned') = (proof is not null))
        )
        """
    )
    op.execute("create index dossier_absence_open on dossier_absence (source_id) where state = 'unconfirmed'")
