-- Grain: one petition version, measure and day. Reads petition_version. The single definition of every count of
-- petitions (PAKN), on calendar days, following form II.05a (its layout was not read) and rows 5.2 and 5.3 of index
-- 766:
--   counted      petitions about regulations and about behaviour (NĐ 20/2008/NĐ-CP). The kind `other` is neither and
--                counts nowhere
--   closed       on the day it was handled or refused; on time up to its due day, and always if it has no due day
--   overdue      from the day after the due day until it is closed; an open petition that is not overdue is in time
--   unsatisfied  on the day it was closed, if the petitioner is not satisfied or petitioned again
--   unsatisfied_or_late  each petition that row 5.3 subtracts, counted once: on the day it became late, else when
--                unsatisfied
with judged as (
    select
        version_id,
        batch_id,
        superseded_by_batch_id,
        known_to,
        unit_id,
        kind,
        received_on,
        due_on,
        handled_on,
        published_on,
        coalesce(handled_on > due_on, false) as is_late,
        coalesce(not is_satisfied, false) or coalesce(is_repeated, false) as is_unsatisfied,
        handled_on is null or handled_on > due_on as became_overdue
    from petition_version
    where kind in ('behaviour', 'regulation')
),

contributions as (
    select
        judged.version_id,
        judged.batch_id,
        judged.superseded_by_batch_id,
        judged.known_to,
        judged.unit_id,
        flows.measure,
        flows.on_day
    from judged
    -- noqa: disable=RF02
    cross join lateral (
        values
        ('petition_received', received_on),
        ('petition_received_' || kind, received_on),
        ('petition_closed', handled_on),
        ('petition_closed_' || kind, handled_on),
        ('petition_handled_on_time', case when not is_late then handled_on end),
        ('petition_became_overdue', case when became_overdue then due_on + 1 end),
        ('petition_overdue_cleared', case when is_late then handled_on end),
        ('petition_unsatisfied', case when is_unsatisfied then handled_on end),
        (
            'petition_unsatisfied_or_late',
            case when became_overdue and due_on is not null then due_on + 1 when is_unsatisfied then handled_on end
        ),
        ('petition_published', published_on)
    ) as flows (measure, on_day)
    -- noqa: enable=RF02
),

final as (
    select
        version_id,
        batch_id,
        superseded_by_batch_id,
        known_to,
        unit_id,
        measure,
        on_day,
        1::bigint as quantity
    from contributions
    where on_day is not null
)

select
    version_id,
    batch_id,
    superseded_by_batch_id,
    known_to,
    unit_id,
    measure,
    on_day,
    quantity
from final
