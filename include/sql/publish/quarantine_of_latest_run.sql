-- Grain: one source. Reads batch. How many records the newest checked batch of each source set aside.
select distinct on (source_id)
    source_id,
    batch_id,
    quarantined_count
from batch
where
    source_id = any(cast(:source_ids as text[]))
    and quarantined_count is not null
    and replay_of is null
    and window_from <= :to_date
order by source_id asc, validated_at desc nulls last, planned_at desc, batch_id desc
