-- Grain: one finding. Reads source_drift. Differences between the records of a source and its contract, newest first.
select
    source_id,
    batch_id,
    kind,
    name,
    detail,
    handling,
    found_at
from source_drift
where cast(:source_id as text) is null or source_id = :source_id
order by found_at desc, drift_id desc
limit :row_limit
