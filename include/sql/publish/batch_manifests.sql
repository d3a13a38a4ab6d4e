-- Grain: one batch. Reads batch. The manifest of each batch of an edition, so that the edition can be traced to
-- landing.
select
    batch_id,
    coalesce(manifest_sha256, '') as manifest_sha256
from batch
where batch_id = any(cast(:batch_ids as text[]))
