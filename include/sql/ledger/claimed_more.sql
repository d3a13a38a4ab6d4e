-- Grain: one source. Reads batch. Of each source given, the pulls whose entry or mapping vouched for more than it says
-- today (`vouched`), and the days of a period that rest on it: no later pull that claimed no more shows them. Files
-- that were never to be saved again (`once`) held back no day that the pull answered for; a register answers from its
-- first day on. The first day (`first_record_on`), and that a table is a register (`covers`), prove what was open
-- since, and so of every day after: only a pull that proves this by itself shows it anew. An opening that stopped at
-- the first day is short as well when the entry says an earlier one. A pull that was said to list only a part missed
-- no dossier of its days (`is_partial`). Of a pull of before this was kept nobody knows.
with given as (
    select
        source_id,
        cast(vouched as jsonb) as vouched
    from unnest(cast(:source_ids as text[]), cast(:vouched as text[])) as entries (source_id, vouched)
),

loaded as (
    select
        batch.source_id,
        batch.said_in_pull,
        batch.opening_ended_by,
        batch.opening_ended_by = 'register' as is_register,
        cast(batch.vouched ->> 'first_record_on' as date) as first_said,
        cast(given.vouched ->> 'first_record_on' as date) as first_today,
        given.vouched ->> 'covers' as covers_today,
        coalesce(
            cast(batch.vouched ->> 'is_partial' as boolean) and not cast(given.vouched ->> 'is_partial' as boolean),
            false
        ) as is_partial_taken_back,
        (batch.vouched -> 'once')
        - array(select jsonb_array_elements_text(given.vouched -> 'once')) as once_taken_back,
        datemultirange(daterange(least(batch.window_from, batch.stock_from), batch.window_to, '[]')) as days_answered,
        case when batch.stock_from is not null then datemultirange(daterange(batch.stock_from, null)) end as days_stock
    from batch
    inner join given on batch.source_id = given.source_id
    where
        batch.state = 'loaded'
        and batch.replay_of is null
        and batch.vouched is not null
),

pulls as (
    select
        source_id,
        said_in_pull,
        is_register,
        once_taken_back,
        days_answered,
        days_stock,
        is_partial_taken_back,
        once_taken_back <> '[]' or is_partial_taken_back as is_answer_taken_back,
        case
            when
                first_today is null
                or first_said < first_today
                or (opening_ended_by = 'first_record_on' and first_said > first_today)
                then case when opening_ended_by is not null then first_said end
        end as first_taken_back,
        coalesce(is_register and covers_today = 'period', false) as is_register_taken_back
    from loaded
),

judged as (
    select
        *,
        first_taken_back is not null or is_register_taken_back as is_stock_taken_back,
        is_answer_taken_back or first_taken_back is not null or is_register_taken_back as is_more
    from pulls
),

resting as (
    select
        judged.source_id,
        judged.once_taken_back,
        judged.first_taken_back,
        judged.is_register_taken_back,
        judged.is_register,
        judged.is_partial_taken_back,
        case when judged.is_answer_taken_back then judged.days_answered - shown.days_answered else '{}' end
        + case when judged.is_stock_taken_back then judged.days_stock - shown.days_stock else '{}' end as days
    from judged
    cross join lateral (
        select
            coalesce(range_agg(later.days_answered), '{}') as days_answered,
            coalesce(range_agg(later.days_stock), '{}') as days_stock
        from judged as later
        where
            later.source_id = judged.source_id
            and later.said_in_pull > judged.said_in_pull
            and not later.is_more
    ) as shown
),

within as (
    select
        source_id,
        once_taken_back,
        first_taken_back,
        is_register_taken_back,
        is_register,
        is_partial_taken_back,
        days * datemultirange(daterange(cast(:from_date as date), cast(:to_date as date), '[]')) as days
    from resting
),

final as (
    select
        source_id,
        count(*) as pull_count,
        lower(range_agg(days)) as first_day,
        upper(range_agg(days)) - 1 as last_day,
        jsonb_agg(distinct once_taken_back) as once,
        min(first_taken_back) as first_record_on,
        bool_or(is_register_taken_back) as is_register_taken_back,
        bool_or(is_partial_taken_back) as is_partial_taken_back,
        bool_or(first_taken_back is not null and is_register is not true) as is_opening
    from within
    where not isempty(days)
    group by source_id
)

select
    source_id,
    pull_count,
    first_day,
    last_day,
    once,
    first_record_on,
    is_register_taken_back,
    is_partial_taken_back,
    is_opening
from final
order by source_id
