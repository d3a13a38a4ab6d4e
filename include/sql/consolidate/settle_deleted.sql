-- Grain: one dossier. Reads reissued, dossier_version. Writes dossier_absence: the dossier is deleted at its source,
-- with the proof.
insert into dossier_absence as absence (
    system_code, agency_code, dossier_id, source_id, state, missed_in_batch_id, missed_at,
    settled_in_batch_id, settled_at, proof
)
select
    known.system_code,
    known.agency_code,
    known.dossier_id,
    known.source_id,
    'tombstoned' as state,
    :batch_id as missed_in_batch_id,
    :known_from as missed_at,
    :batch_id as settled_in_batch_id,
    :known_from as settled_at,
    reissued.deletion_proof
from reissued
inner join dossier_version as known on reissued.version_id = known.version_id
where reissued.is_deleted
on conflict (system_code, agency_code, dossier_id) do update
    set
        state = excluded.state,
        settled_in_batch_id = excluded.settled_in_batch_id,
        settled_at = excluded.settled_at,
        proof = excluded.proof
