-- Grain: one source. Reads batch. Whether its answers for the days owed were loaded before the due day was over, and
-- what its newest answer set aside.
with requested as (
    select
        asked.source_id,
        daterange(cast(:from_date as date), cast(:to_date as date), '[]') as days
    from unnest(cast(:source_ids as text[])) as asked (source_id)
),

loaded as (
    select
        batch.source_id,
        batch.loaded_at,
        batch.planned_at,
        batch.batch_id,
        batch.pulled_count,
        batch.quarantined_count,
        daterange(batch.window_from, batch.window_to, '[]') * requested.days as days
    from batch
    inner join requested on batch.source_id = requested.source_id
    where batch.state = 'loaded' and daterange(batch.window_from, batch.window_to, '[]') && requested.days
)

select
    source_id,
    coalesce(
        range_agg(days) filter (where loaded_at < :due_end)
        @> daterange(cast(:from_date as date), cast(:to_date as date), '[]'),
        false
    ) as is_in_time,
    (array_agg(pulled_count order by planned_at desc, batch_id desc))[1] as pulled_count,
    (array_agg(quarantined_count order by planned_at desc, batch_id desc))[1] as quarantined_count
from loaded
group by source_id
