"""References of one applicant under several keys; the content hash speaks of the dossier alone, not of the key."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """
        create table applicant_alias (
            previous_ref text primary key,
            applicant_ref text not null,
            noted_at timestamptz not null default now(),
            check (previous_ref <> applicant_ref)
        )
        """
    )
    op.execute("create index applicant_alias_newest on applicant_alias (applicant_ref)")
    # Only what is known now is ever compared. Without this the first night after the upgrade would find every dossier
    # changed.
    op.execute("alter table dossier_version disable trigger dossier_version_append_only")
    op.execute(
        """
        update dossier_version
        set content_hash = encode(sha256(convert_to(jsonb_build_array(
            dossier_no, reference_uid, parent_dossier_id, unit_code, procedure_code, procedure_suffix,
            source_field_code, status_code, source_status, channel_code, submitted_at, received_at, due_at,
            finished_at, returned_at, refused_at, paused_at, is_clock_stopped, supplement_count, apology_count,
            apology_at, fee_amount, paid_online_code, online_level, applicant_kind, unit_id, field_code
        )::text, 'UTF8')), 'hex')
        where known_to is null
        """
    )
    op.execute("alter table dossier_version enable trigger dossier_version_append_only")
