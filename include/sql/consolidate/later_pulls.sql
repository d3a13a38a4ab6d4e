-- Grain: one loaded batch of a source whose pull started after that of the batch being merged. Reads batch.
select
    batch_id,
    landing_uri,
    manifest_sha256,
    accepted_sha256,
    pull_no
from batch
where source_id = :source_id and state = 'loaded' and pull_no > :pull_no
order by pull_no
