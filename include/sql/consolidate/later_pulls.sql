-- Grain: one loaded batch of a source whose pull started after that of the batch being merged. Reads batch. Of a replay
-- only those loaded after its records were chosen (`:chosen_at`): it was chosen what no other showed later.
select
    batch.batch_id,
    batch.landing_uri,
    batch.manifest_sha256,
    batch.accepted_sha256,
    batch.said_in_pull as pull_no
from batch
where
    batch.source_id = :source_id
    and batch.state = 'loaded'
    and batch.said_in_pull > :pull_no
    and (cast(:chosen_at as timestamptz) is null or batch.loaded_at > cast(:chosen_at as timestamptz))
order by batch.said_in_pull, batch.pull_no
