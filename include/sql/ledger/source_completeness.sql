-- Grain: one source. Reads batch. The answers of each source for the days of a period. A missing answer is not a zero
-- (design.md idea 8). A failed batch no longer counts once batches planned after it cover its days. It never counts
-- where each of its days had been answered for after that day ended: an unanswered repetition takes nothing back. A
-- batch that is held makes the cell quarantined, because a person must decide. With a due moment, also returns whether
-- every day was loaded before it, and the records of the newest answer: how many there are and how many were set aside.
-- A replay asked for nothing, so it answers for no day; it is among the batches that the figures were made from.
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
        batch.loaded_at,
        batch.error_message,
        batch.pulled_count,
        batch.quarantined_count,
        batch.replay_of is not null as is_replay,
        daterange(batch.window_from, batch.window_to, '[]') * requested.days as days,
        -- the wall clock in Vietnam, by which a day ends
        batch.planned_at at time zone 'Asia/Ho_Chi_Minh'
        >= upper(daterange(batch.window_from, batch.window_to, '[]') * requested.days) as is_after_its_days
    from batch
    inner join requested on batch.source_id = requested.source_id
    where daterange(batch.window_from, batch.window_to, '[]') && requested.days
),

loaded as (
    select
        source_id,
        range_agg(days) filter (where not is_replay) as days,
        range_agg(days) filter (where not is_replay and loaded_at < cast(:due_end as timestamptz)) as days_in_time,
        max(upper(days)) filter (where not is_replay and is_after_its_days) as settled_until,
        array_agg(batch_id order by batch_id) as batch_ids,
        (
            array_agg(pulled_count order by planned_at desc, batch_id desc)
            filter (where not is_replay)
        )[1] as pulled_count,
        (
            array_agg(quarantined_count order by planned_at desc, batch_id desc)
            filter (where not is_replay)
        )[1] as quarantined_count
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
        and not broken.is_replay
        and not coalesce((
            select range_agg(later.days) @> broken.days
            from windows as later
            where
                later.source_id = broken.source_id
                and not later.is_replay
                and later.state = 'loaded'
                and (
                    later.planned_at >= broken.planned_at
                    or (later.is_after_its_days and broken.state <> 'held')
                )
        ), false)
    order by broken.source_id asc, broken.planned_at desc
),

final as (
    select
        requested.source_id,
        case
            when unanswered.state = 'held' then 'quarantined'
            when unanswered.state = 'failed' then 'failed'
            when unanswered.state is not null then 'missing'
            when coalesce(loaded.days @> requested.days, false) then 'received'
            else 'missing'
        end as cell,
        coalesce(loaded.batch_ids, array[]::text[]) as batch_ids,
        unanswered.state as unanswered_state,
        unanswered.error_message as reason,
        coalesce(loaded.days_in_time @> requested.days, false) as is_in_time,
        coalesce(loaded.settled_until = upper(requested.days), false) as is_after_end,
        loaded.pulled_count,
        loaded.quarantined_count
    from requested
    left join loaded on requested.source_id = loaded.source_id
    left join unanswered on requested.source_id = unanswered.source_id
)

select
    source_id,
    cell,
    batch_ids,
    unanswered_state,
    reason,
    is_in_time,
    is_after_end,
    pulled_count,
    quarantined_count
from final
order by source_id
