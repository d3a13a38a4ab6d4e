-- Grain: one recount and unit. Reads recount. From which day on a changed working calendar moved figures of a unit,
-- where the measures were counted anew after an instant.
select
    counted_at,
    unit_id,
    changed_from
from recount
where counted_at > cast(:since as timestamptz)
order by counted_at asc, unit_id asc
