-- Grain: one dossier. Reads batch, dossier_version. Writes dossier_absence: dossiers whose current state a replay read
-- again, and that a later pull of their source would have shown and did not. They still count. `missed_at` is when that
-- pull was.
insert into dossier_absence as absence (
    system_code, agency_code, dossier_id, source_id, state, missed_in_batch_id, missed_at
)
with given as (
    select
        dossier_id,
        batch_id
    from unnest(cast(:dossier_ids as text[]), cast(:batch_ids as text[])) as missing (dossier_id, batch_id)
)

select
    known.system_code,
    known.agency_code,
    known.dossier_id,
    known.source_id,
    'unconfirmed' as state,
    missed.batch_id as missed_in_batch_id,
    coalesce(missed.extracted_at, missed.planned_at) as missed_at
from given
inner join batch as missed on given.batch_id = missed.batch_id
inner join dossier_version as known
    on
        given.dossier_id = known.dossier_id
        and known.source_id = :source_id
        and known.known_to is null
        and not known.is_deleted
where coalesce(known.said_in_pull, 0) < missed.said_in_pull
on conflict (system_code, agency_code, dossier_id) do update
    set
        state = 'unconfirmed',
        missed_in_batch_id = excluded.missed_in_batch_id,
        missed_at = excluded.missed_at,
        missed_count = 1,
        settled_in_batch_id = null,
        settled_at = null,
        proof = null
    where absence.state <> 'unconfirmed'
