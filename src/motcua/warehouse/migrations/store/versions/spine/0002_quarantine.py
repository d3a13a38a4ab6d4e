"""Records set aside, with every rule they broke, and the count of findings by rule."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        create table quarantine_record (
            quarantine_id bigint generated always as identity primary key,
            batch_id text not null references batch,
            source_id text not null,
            record_no integer not null,
            system_code text not null,
            agency_code text not null,
            dossier_id text,
            dossier_no text,
            broken_rules jsonb not null check (jsonb_array_length(broken_rules) > 0),
            record jsonb not null,
            set_aside_at timestamptz not null default now(),
            unique (batch_id, record_no)
        )
        """
    )
    op.execute(
        """
        create index quarantine_record_dossier
        on quarantine_record (system_code, agency_code, dossier_id, quarantine_id desc)
        """
    )
    op.execute(
        """
        create table rule_finding (
            batch_id text not null references batch,
            rule_id text not null,
            severity text not null check (severity in ('critical', 'warning')),
            checked_count bigint not null,
            failed_count bigint not null check (failed_count between 0 and checked_count),
            primary key (batch_id, rule_id)
        )
        """
    )
