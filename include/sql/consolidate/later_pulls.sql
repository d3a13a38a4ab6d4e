-- Grain: one loaded batch of a source whose pull started after that of the batch being merged. Reads batch. Of a replay
-- only those loaded after its records were chosen (`:chosen_at`): it was chosen what no other showed later.
select
    batch_id,
    landing_uri,
    manifest_sha256,
    accepted_sha256,
    said_in_pull as pull_no
from batch
where
    source_id = :source_id
    and state = 'loaded'
    and said_in_pull > :pull_no
    and (cast(:chosen_at as timestamptz) is null or loaded_at > cast(:chosen_at as timestamptz))
order by said_in_pull, pull_no
