-- Grain: one source. Reads batch, source_read_again. Of each source asked about, the pulls until a day whose records
-- were read by another entry or mapping than today's (`readings`), and never again since: no replay of the source came
-- later, and no pull by today's that shows all of their days anew. A register shows the days since it began, whatever
-- was asked for: a new book says nothing of those before it. An opening took records of the days too that it asked
-- backwards for, but what it shows anew is its window. What gives less than all (`lists_all`), or files that may be
-- gone, shows nothing anew. Of a pull without a reading nobody knows.
with asked as (
    select
        source_id,
        reading_sha256,
        lists_all
    from unnest(cast(:source_ids as text[]), cast(:readings as text[]), cast(:lists_all as boolean[]))
        as given (source_id, reading_sha256, lists_all)
),

loaded as (
    select
        batch.source_id,
        batch.said_in_pull,
        batch.pulled_count,
        batch.loaded_at,
        batch.is_whole,
        batch.stock_from,
        batch.window_from,
        batch.window_to,
        batch.opening_asked_from,
        asked.reading_sha256,
        asked.lists_all,
        batch.reading_sha256 = asked.reading_sha256 as is_as_today,
        batch.opening_ended_by = 'register' as is_register
    from batch
    inner join asked on batch.source_id = asked.source_id
    where
        batch.state = 'loaded'
        and batch.replay_of is null
        and batch.reading_sha256 is not null
),

pulls as (
    select
        source_id,
        said_in_pull,
        pulled_count,
        loaded_at,
        reading_sha256,
        is_as_today,
        is_register or (lists_all and not is_whole) as shows_anew,
        case
            when is_register then daterange(stock_from, greatest(stock_from, window_to), '[]')
            else daterange(least(window_from, opening_asked_from), window_to, '[]')
        end as days,
        case
            when is_register then daterange(stock_from, greatest(stock_from, window_to), '[]')
            else daterange(window_from, window_to, '[]')
        end as days_shown
    from loaded
),

final as (
    select
        pulls.source_id,
        lower(pulls.days) as first_day,
        upper(pulls.days) - 1 as last_day
    from pulls
    where
        not pulls.is_as_today
        and pulls.pulled_count > 0
        and lower(pulls.days) <= cast(:to_date as date)
        and not exists (
            select from source_read_again as again
            where
                again.source_id = pulls.source_id
                and again.reading_sha256 = pulls.reading_sha256
                and again.read_at > pulls.loaded_at
        )
        and not coalesce((
            select range_agg(later.days_shown) @> pulls.days
            from pulls as later
            where
                later.source_id = pulls.source_id
                and later.is_as_today
                and later.shows_anew
                and later.said_in_pull > pulls.said_in_pull
        ), false)
)

select
    source_id,
    count(*) as pull_count,
    min(first_day) as first_day,
    max(last_day) as last_day
from final
group by source_id
order by source_id
