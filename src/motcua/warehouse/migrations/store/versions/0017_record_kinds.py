"""Batches and quarantine of more than one kind of record; whose a record set aside is."""

from alembic import op

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    # is_whole: the answer is all that the source has, whatever its window; the window says for which days it answers.
    op.execute(
        """
        alter table batch
            add column record_kind text not null default 'dossier',
            add column is_whole boolean not null default false
        """
    )
    op.execute("alter table quarantine_record rename column dossier_id to record_id")
    op.execute(
        """
        alter table quarantine_record
            add column record_kind text not null default 'dossier',
            add column unit_id text references unit
        """
    )
    op.execute("create index quarantine_record_kind on quarantine_record (record_kind, source_id)")
    op.execute(
        """
        create or replace function only_supersession() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' then
                raise exception '% is append-only: version % may not be deleted', tg_table_name, old.version_id;
            end if;
            if old.known_to is not null
                or (to_jsonb(new) - 'known_to' - 'superseded_by_batch_id')
                is distinct from (to_jsonb(old) - 'known_to' - 'superseded_by_batch_id') then
                raise exception '% is append-only: version % may only be superseded, once',
                    tg_table_name, old.version_id;
            end if;
            return new;
        end $$
        """
    )
