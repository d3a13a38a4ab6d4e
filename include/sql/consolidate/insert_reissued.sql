-- Grain: one dossier version. Reads reissued, dossier_version. Writes a version again that its source did not change
-- but that now counts differently: it became a copy, is no longer a copy, or is proven to be deleted.
-- `said_at` keeps the time at which the source sent it, so that later records of the source still count as later. For a
-- deletion it is the time of the batch.
insert into dossier_version (
    {said}, {decided}, is_deleted, deletion_proof, content_hash, source_id, batch_id, known_from, said_at
)
select
    known.{said},
    reissued.{decided},
    reissued.is_deleted,
    reissued.deletion_proof,
    known.content_hash,
    known.source_id,
    :batch_id as batch_id,
    greatest(known.known_from, :known_from) as known_from,
    case when reissued.is_deleted then :known_from else coalesce(known.said_at, known.known_from) end as said_at
from reissued
inner join dossier_version as known on reissued.version_id = known.version_id
order by known.version_id
