-- Grain: one source. Reads batch. Of each source given, the pulls until a day that asked otherwise than its entry says
-- today (`asked`), and the days of them until then for which no later pull asked as it says: such a pull is compared
-- with what the store has of its days, so that what only the other place had is missed there. A register is compared
-- also for the days of its dossiers (`shown_days`), but for no day before it began (`stock_from`). What lists only a
-- part (`lists_all`) misses nothing. The answer of a source that always gives all it has (`is_whole`) stands for every
-- day. Of a pull of before this was kept nobody knows what it asked (`{}`): it counts until the source is pulled
-- again, while it can be (`is_in_force`). A replay asked nothing (null), so that it is neither as today nor otherwise.
with given as (
    select
        source_id,
        cast(asked as jsonb) as asked_sha256,
        lists_all,
        is_in_force
    from
        unnest(
            cast(:source_ids as text[]),
            cast(:asked as text[]),
            cast(:lists_all as boolean[]),
            cast(:is_in_force as boolean[])
        ) as entries (source_id, asked, lists_all, is_in_force)
),

pulls as (
    select
        batch.source_id,
        batch.said_in_pull,
        batch.asked_sha256,
        batch.asked_sha256 = given.asked_sha256 as is_as_today,
        batch.asked_sha256 = '{}' as is_unknown,
        batch.is_whole or given.lists_all as is_compared,
        given.is_in_force,
        datemultirange(daterange(least(batch.window_from, batch.opening_asked_from), batch.window_to, '[]'))
        + coalesce(datemultirange(batch.shown_days), '{}') as days_asked,
        case
            when batch.is_whole then '{(,)}'
            else
                (
                    datemultirange(daterange(batch.window_from, batch.window_to, '[]'))
                    + coalesce(datemultirange(batch.shown_days), '{}')
                ) * datemultirange(
                    daterange(case when batch.opening_ended_by = 'register' then batch.stock_from end, null)
                )
        end as days_compared
    from batch
    inner join given on batch.source_id = given.source_id
    where batch.state = 'loaded'
),

otherwise as (
    select
        pulls.source_id,
        pulls.asked_sha256,
        pulls.days_asked * datemultirange(daterange(null, cast(:to_date as date), '[]')) - coalesce((
            select
                case
                    when pulls.is_unknown then '{(,)}'
                    else range_agg(later.days_compared) filter (where later.is_as_today and later.is_compared)
                end
            from pulls as later
            where
                later.source_id = pulls.source_id
                and later.said_in_pull > pulls.said_in_pull
                and not later.is_unknown
            having count(*) > 0
        ), '{}') as days_left
    from pulls
    where
        not pulls.is_as_today
        and (pulls.is_in_force or not pulls.is_unknown)
),

final as (
    select
        source_id,
        count(*) as pull_count,
        lower(range_agg(days_left)) as first_day,
        upper(range_agg(days_left)) - 1 as last_day,
        jsonb_agg(distinct asked_sha256) as asked
    from otherwise
    where not isempty(days_left)
    group by source_id
)

select
    source_id,
    pull_count,
    first_day,
    last_day,
    asked
from final
order by source_id
