-- Grain: one source. Reads batch. The days that each source has answered for, the first requested day without an answer
-- until now, and the state of its newest batch. A replay asked for nothing.
with covered as (
    select
        source_id,
        min(window_from) filter (where state = 'loaded') as covered_from,
        max(window_to) filter (where state = 'loaded') as covered_until,
        coalesce(range_agg(daterange(window_from, window_to, '[]')) filter (where state = 'loaded'), '{}')
            as answered,
        coalesce(range_agg(daterange(window_from, window_to, '[]')) filter (where state <> 'loaded'), '{}')
            as asked_in_vain,
        (array_agg(state order by planned_at desc, batch_id desc))[1] as last_state
    from batch
    where replay_of is null
    group by source_id
)

select
    source_id,
    covered_from,
    covered_until,
    last_state,
    lower(asked_in_vain - answered) as unanswered_from
from covered
