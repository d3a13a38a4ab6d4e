-- Grain: one source. Reads batch. What each source gave for the days of a period: a missing answer is not a zero
-- (design.md idea 8). A failed batch stops mattering once batches planned after it cover its days.
with requested as (
    select
        asked.source_id,
        daterange(cast(:from_date as date), cast(:to_date as date), '[]') as days
    from unnest(cast(:source_ids as text[])) as asked (source_id)
),

windows as (
    select
        batch.source_id,
        batch.batch_id,
        batch.state,
        batch.planned_at,
        batch.error_message,
        daterange(batch.window_from, batch.window_to, '[]') * requested.days as days
    from batch
    inner join requested on batch.source_id = requested.source_id
    where daterange(batch.window_from, batch.window_to, '[]') && requested.days
),

loaded as (
    select
        source_id,
        range_agg(days) as days,
        array_agg(batch_id order by batch_id) as batch_ids
    from windows
    where state = 'loaded'
    group by source_id
),

unanswered as (
    select distinct on (broken.source_id)
        broken.source_id,
        broken.state,
        broken.error_message
    from windows as broken
    where
        broken.state <> 'loaded'
        and not coalesce((
            select range_agg(later.days) @> broken.days
            from windows as later
            where
                later.source_id = broken.source_id
                and later.state = 'loaded'
                and later.planned_at >= broken.planned_at
        ), false)
    order by broken.source_id asc, broken.planned_at desc
),

final as (
    select
        requested.source_id,
        case
            when unanswered.state = 'held' then 'held'
            when unanswered.state = 'failed' then 'failed'
            when unanswered.state is not null then 'missing'
            when coalesce(loaded.days @> requested.days, false) then 'received'
            else 'missing'
        end as cell,
        coalesce(loaded.batch_ids, array[]::text[]) as batch_ids,
        unanswered.error_message as reason
    from requested
    left join loaded on requested.source_id = loaded.source_id
    left join unanswered on requested.source_id = unanswered.source_id
)

select
    source_id,
    cell,
    batch_ids,
    reason
from final
order by source_id
