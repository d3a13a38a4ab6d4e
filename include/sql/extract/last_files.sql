-- Grain: one batch. Reads batch. The newest pull of a source that is loaded; its manifest says which files it read. A
-- replay reads no files.
select
    batch_id,
    landing_uri
from batch
where
    source_id = :source_id
    and state = 'loaded'
    and replay_of is null
order by pull_no desc nulls last
limit 1
