-- Grain: one dossier. Reads batch, dossier_version. Writes quarantine_record, dossier_absence: records that were set
-- aside and that the batch shows to need no decision any more, with the proof: their record has another key since the
-- mapping makes it so (`dossier_id_now`), or somebody accepted a register without them as it is (none). A dossier that
-- has a version which counts is settled with that (settle_quarantined). What a later pull set aside stays.
with given as (
    select
        dossier_id,
        case
            when dossier_id_now is null
                then 'batch ' || :batch_id || ': not in the register, which was accepted as it is'
            else 'batch ' || :batch_id || ': its key is ' || dossier_id_now || ' since the mapping makes it so'
        end as proof
    from unnest(cast(:dossier_ids as text[]), cast(:now as text[])) as stated (dossier_id, dossier_id_now)
),

settled as (
    update quarantine_record
    set accepted_in_batch_id = :batch_id
    from given, batch as own
    where
        quarantine_record.source_id = :source_id
        and quarantine_record.record_kind = 'dossier'
        and quarantine_record.record_id = given.dossier_id
        and quarantine_record.accepted_in_batch_id is null
        and quarantine_record.batch_id <> :batch_id
        and own.batch_id = quarantine_record.batch_id
        and coalesce(own.said_in_pull, 0) <= :pull_no
        and not exists (
            select from dossier_version as known
            where
                known.system_code = quarantine_record.system_code
                and known.agency_code = quarantine_record.agency_code
                and known.dossier_id = quarantine_record.record_id
                and known.known_to is null
                and not known.is_deleted
        )
    returning
        quarantine_record.system_code,
        quarantine_record.agency_code,
        quarantine_record.record_id as dossier_id,
        quarantine_record.source_id,
        given.proof
)

insert into dossier_absence as absence (
    system_code, agency_code, dossier_id, source_id, state, missed_in_batch_id, missed_at,
    settled_in_batch_id, settled_at, proof
)
select distinct
    system_code,
    agency_code,
    dossier_id,
    source_id,
    'tombstoned' as state,
    :batch_id as missed_in_batch_id,
    cast(:known_from as timestamptz) as missed_at,
    :batch_id as settled_in_batch_id,
    cast(:known_from as timestamptz) as settled_at,
    proof
from settled
on conflict (system_code, agency_code, dossier_id) do update
    set
        state = excluded.state,
        settled_in_batch_id = excluded.settled_in_batch_id,
        settled_at = excluded.settled_at,
        proof = excluded.proof
