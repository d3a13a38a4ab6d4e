-- Grain: one unit. Reads measure_recomputed, measure_day. Writes recount. From which day on the measures that the
-- working calendar decides (:measures) are no more what was counted, before they are counted anew. It runs in the
-- transaction that counts them, after the increments, so that only what a changed calendar moves is left to differ.
insert into recount (counted_at, unit_id, changed_from)
with recomputed as (
    select *
    from measure_recomputed
    where measure = any(cast(:measures as text[]))
),

measured as (
    select *
    from measure_day
    where measure = any(cast(:measures as text[]))
)

select
    now() as counted_at,
    unit_id,
    min(on_day) as changed_from
from recomputed
full outer join measured using (unit_id, procedure_code, field_code, on_day, measure)
where recomputed.quantity is distinct from measured.quantity
group by unit_id
