-- Grain: unit, procedure, field, day, measure that differs. Reads measure_recomputed, measure_day. Of the units of an
-- edition: what the current versions count otherwise than the measures of the edition. Nothing is published from such
-- measures (design.md ideas 3 and 9).
with recomputed as (
    select
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        quantity
    from measure_recomputed
    where unit_id = any(cast(:unit_ids as text[]))
),

measured as (
    select
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        quantity
    from measure_day
    where unit_id = any(cast(:unit_ids as text[]))
)

select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    coalesce(measured.quantity, 0) as measured,
    coalesce(recomputed.quantity, 0) as recomputed
from recomputed
full outer join measured using (unit_id, procedure_code, field_code, on_day, measure)
where recomputed.quantity is distinct from measured.quantity
order by unit_id, on_day, measure, procedure_code, field_code
