"""The order of pulls: a number taken when a pull starts, kept with what the pull said; and `stale` as a fate.

Batches of before get numbers in the order in which their pulls ended, the only order that was kept. A version gets the
number of the pull of its source that said it, which is the one that ended at `said_at`.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

_TABLES = ("dossier_version", "petition_version")


def upgrade() -> None:
    op.execute("alter table batch add column pull_no bigint, add column stale_count bigint")
    op.execute(
        """
        update batch
        set pull_no = ordered.pull_no
        from (
            select batch_id, row_number() over (order by coalesce(extracted_at, planned_at), batch_id) as pull_no
            from batch
            where attempt_count > 0 or extracted_at is not null
        ) as ordered
        where batch.batch_id = ordered.batch_id
        """
    )
    op.execute("create unique index batch_pull_no on batch (pull_no)")
    # Batches loaded before stale records were counted have them among the unchanged ones.
    op.execute("alter table batch drop constraint batch_balances")
    op.execute(
        """
        alter table batch add constraint batch_balances check (
            state <> 'loaded'
            or (
                pulled_count
                = new_count + changed_count + unchanged_count + coalesce(stale_count, 0)
                + duplicate_count + quarantined_count + out_of_window_count
            ) is true
        )
        """
    )
    # Loading an old pull late asks which dossiers its source has deleted since.
    op.execute("create index dossier_version_deleted on dossier_version (source_id) where is_deleted")
    # A record that repeats what is known, modified later at its source: it makes no version, and its time is kept here.
    op.execute(
        """
        create table dossier_touch (
            system_code text not null,
            agency_code text not null,
            dossier_id text not null,
            modified_at timestamp not null,
            pull_no bigint not null,
            primary key (system_code, agency_code, dossier_id)
        )
        """
    )
    # The one definition of the order of two states of a record: by the source's own modified time where both have one
    # and they differ, else by the pull that started later. A state without a number is of before there were numbers.
    op.execute(
        """
        create function is_older(
            state_modified_at timestamp, state_pull_no bigint, other_modified_at timestamp, other_pull_no bigint
        ) returns boolean language sql immutable parallel safe return
            case
                when state_modified_at <> other_modified_at then state_modified_at < other_modified_at
                else coalesce(state_pull_no, 0) <= coalesce(other_pull_no, 0)
            end
        """
    )
    for table in _TABLES:
        op.execute(f"alter table {table} add column said_in_pull bigint")
        op.execute(f"alter table {table} disable trigger {table}_append_only")
        op.execute(
            f"""
            update {table} as version
            set said_in_pull = coalesce(
                (
                    select max(said.pull_no) from batch as said
                    where
                        said.source_id = version.source_id
                        and said.extracted_at = coalesce(version.said_at, version.known_from)
                ),
                batch.pull_no
            )
            from batch
            where version.batch_id = batch.batch_id
            """  # noqa: S608  our own table names
        )
        op.execute(f"alter table {table} enable trigger {table}_append_only")
