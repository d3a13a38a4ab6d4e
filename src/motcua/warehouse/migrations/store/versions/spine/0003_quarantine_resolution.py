"""Which batch accepted a dossier that an earlier one had set aside, and dossier numbers found without a scan."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("alter table quarantine_record add column accepted_in_batch_id text references batch")
    op.execute(
        """
        create index quarantine_record_accepted
        on quarantine_record (accepted_in_batch_id) where accepted_in_batch_id is not null
        """
    )
    op.execute("create index quarantine_record_source on quarantine_record (source_id)")
    op.execute("create index dossier_version_no on dossier_version (dossier_no) where known_to is null")
