-- Grain: one batch. Reads batch. The manifest of each batch an edition rests on, so that it can be traced to landing.
select
    batch_id,
    coalesce(manifest_sha256, '') as manifest_sha256
from batch
where batch_id = any(cast(:batch_ids as text[]))
