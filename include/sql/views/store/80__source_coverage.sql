-- Grain: one source, unbroken run of days that it answered for, and unbroken run in it whose pulls kept the stock known
-- (none, or mostly one). Reads batch. What a source is known for:
--   receptions_from  the first day of the run: everything received since is known
--   stock_from       the day since whose beginning everything open is known, however long ago it was received; none
--                    where no batch of the run proved it. A proof on the day after the run still belongs to it
--   stock_until      the last day until which it is known: up to it each pull was given everything, or asked for what
--                    was known to be open. A table of a period after a register tells nothing of older dossiers
--   closings_from    the day since which everything closed is known, until the same day: what is closed was open
--                    before, and what is known to be open is asked for by id until it is closed
--   opening_asked_from, opening_ended_by   how far back the newest opening of the run asked, and what ended it
with loaded as (
    select
        source_id,
        window_to,
        stock_from,
        keeps_stock,
        opening_asked_from,
        opening_ended_by,
        planned_at,
        coalesce(receptions_from, window_from) as receptions_from
    from batch
    where state = 'loaded'
),

runs as (
    select
        source_id,
        unnest(range_agg(daterange(receptions_from, window_to, '[]'))) as days
    from loaded
    group by source_id
),

kept as (
    select
        source_id,
        unnest(range_agg(daterange(receptions_from, window_to, '[]'))) as days
    from loaded
    where keeps_stock
    group by source_id
),

final as (
    select
        runs.source_id,
        lower(runs.days) as receptions_from,
        min(loaded.stock_from) as stock_from,
        upper(kept.days) - 1 as kept_until,
        upper(runs.days) - 1 as covered_until,
        (
            array_agg(loaded.opening_asked_from order by loaded.planned_at desc)
            filter (where loaded.opening_ended_by is not null)
        )[1] as opening_asked_from,
        (
            array_agg(loaded.opening_ended_by order by loaded.planned_at desc)
            filter (where loaded.opening_ended_by is not null)
        )[1] as opening_ended_by
    from runs
    left join kept on runs.source_id = kept.source_id and runs.days @> kept.days
    left join loaded
        on
            kept.source_id = loaded.source_id
            and loaded.stock_from between lower(kept.days) and upper(kept.days)
    group by runs.source_id, runs.days, kept.days
)

select
    source_id,
    receptions_from,
    stock_from as closings_from,
    stock_from,
    covered_until,
    opening_asked_from,
    opening_ended_by,
    case when stock_from is not null then kept_until end as stock_until
from final
