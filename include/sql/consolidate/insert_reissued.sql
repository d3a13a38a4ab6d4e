-- Grain: one dossier version. Reads reissued, dossier_version. Writes a version again that its source did not change
-- but that now counts differently: it became a copy, is no longer a copy, or is proven to be deleted.
-- `said_at` keeps the time at which the source sent it, so that later records of the source still count as later. For a
-- deletion it is the time of the batch; the dossier's modified time does not hold for a deletion.
insert into dossier_version (
    {said_of_itself}, modified_at, {decided}, is_deleted, deletion_proof, content_hash, source_id, batch_id, known_from,
    said_at, said_in_pull
)
select
    known.{said_of_itself},
    case when not reissued.is_deleted then known.modified_at end as modified_at,
    reissued.{decided},
    reissued.is_deleted,
    reissued.deletion_proof,
    known.content_hash,
    known.source_id,
    :batch_id as batch_id,
    greatest(known.known_from, :known_from) as known_from,
    case when reissued.is_deleted then :known_from else coalesce(known.said_at, known.known_from) end as said_at,
    case when reissued.is_deleted then :pull_no else known.said_in_pull end as said_in_pull
from reissued
inner join dossier_version as known on reissued.version_id = known.version_id
order by known.version_id
