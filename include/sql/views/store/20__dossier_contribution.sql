-- Grain: one dossier version, measure and day. Reads dossier_version.
-- The single definition of every count: measures are sums of these rows, an increment is the rows of new versions
-- minus those of the versions they supersede, a drill-through is these rows unsummed.
-- Form II.06a, TT 01/2020/TT-VPCP, counting rules of domain.md section 3.2; all comparisons are of calendar days.
--   counted     a dossier counts from the day it was received, but for status 1 (not yet) and 3 (refused intake); not
--               where it is a copy of one that counts elsewhere, nor once its source is proven to have deleted it
--   ended_on    9 and 10 on the day processing finished (10 may have only the day the result was returned);
--               7 withdrawn and 8 stopped on the day they were closed
--   outcome     before, on or after the due day; no due day counts as on time (domain.md section 4.4)
--   overdue     from the day after the due day until the end; a paused dossier (5, 6) became overdue only if its
--               due day had passed when the pause began, because the pause stops the clock (section 4.5)
--   open_due    the due day of a dossier still running, for lists of what falls due
with dated as (
    select
        version_id,
        batch_id,
        superseded_by_batch_id,
        known_to,
        unit_id,
        procedure_code,
        field_code,
        status_code,
        channel_code,
        received_at::date as received_on,
        due_at::date as due_on,
        paused_at::date as paused_on,
        case
            when status_code in (9, 10) then coalesce(finished_at, returned_at)::date
            when status_code in (7, 8) then coalesce(finished_at, refused_at, returned_at)::date
        end as ended_on
    from dossier_version
    where status_code not in (1, 3) and received_at is not null and duplicate_of is null and not is_deleted
),

judged as (
    select
        *,
        case
            when status_code in (5, 6) then paused_on > due_on
            else ended_on is null or ended_on > due_on
        end as became_overdue
    from dated
),

contributions as (
    select
        judged.version_id,
        judged.batch_id,
        judged.superseded_by_batch_id,
        judged.known_to,
        judged.unit_id,
        judged.procedure_code,
        judged.field_code,
        flows.measure,
        flows.on_day
    from judged
    -- noqa: disable=RF02
    cross join lateral (
        values
        ('received_online', case when channel_code = 2 then received_on end),
        ('received_direct', case when channel_code is distinct from 2 then received_on end),
        ('resolved_early', case when status_code in (9, 10) and ended_on < due_on then ended_on end),
        (
            'resolved_on_time',
            case when status_code in (9, 10) and (ended_on = due_on or due_on is null) then ended_on end
        ),
        ('resolved_late', case when status_code in (9, 10) and ended_on > due_on then ended_on end),
        ('withdrawn', case when status_code = 7 then ended_on end),
        ('stopped', case when status_code = 8 then ended_on end),
        ('became_overdue', case when became_overdue then due_on + 1 end),
        ('overdue_cleared', case when became_overdue then ended_on end),
        ('open_due', case when status_code in (2, 4) then due_on end)
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
        procedure_code,
        field_code,
        on_day,
        measure,
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
    procedure_code,
    field_code,
    on_day,
    measure,
    quantity
from final
