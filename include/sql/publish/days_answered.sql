-- Grain: one source and run of days without a gap. Reads batch. The days that each of these sources has answered for;
-- nothing before a first pull. A replay asked for nothing.
with answered as (
    select
        source_id,
        unnest(range_agg(daterange(window_from, window_to, '[]'))) as days
    from batch
    where
        state = 'loaded'
        and replay_of is null
        and source_id = any(cast(:source_ids as text[]))
    group by source_id
)

select
    source_id,
    lower(days) as first_day,
    upper(days) - 1 as last_day
from answered
order by source_id, first_day
