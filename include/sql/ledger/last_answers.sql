-- Grain: one source. Reads batch. How far each source has answered, and the state of its newest batch.
select
    source_id,
    max(window_to) filter (where state = 'loaded') as covered_until,
    (array_agg(state order by planned_at desc, batch_id desc))[1] as last_state
from batch
group by source_id
