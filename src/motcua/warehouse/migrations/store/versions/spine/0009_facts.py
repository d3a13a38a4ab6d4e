"""What newer forms and the 766 index ask of a dossier; null where its source does not say."""

from alembic import op

revision = "0009"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        """
        alter table dossier_version
        add column components_count integer,
        add column components_digitised_count integer,
        add column components_reused_count integer,
        add column components_from_store_count integer,
        add column has_electronic_result boolean,
        add column is_identity_verified boolean,
        add column uses_population_data boolean,
        add column is_non_territorial boolean,
        add column is_synced_to_portal boolean,
        add column overdue_reason_code text,
        add column satisfaction_code text check (satisfaction_code in ('satisfied', 'unsatisfied'))
        """
    )
