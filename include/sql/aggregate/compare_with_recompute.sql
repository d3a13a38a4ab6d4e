-- Grain: unit, procedure, field, day, measure whose two sums differ. Reads measure_recomputed, measure_day.
-- A recomputation from the current versions must equal the sum of all increments (design.md idea 3).
select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    coalesce(measure_day.quantity, 0) as incremental,
    coalesce(measure_recomputed.quantity, 0) as recomputed
from measure_recomputed
full outer join measure_day using (unit_id, procedure_code, field_code, on_day, measure)
where measure_recomputed.quantity is distinct from measure_day.quantity
order by unit_id, on_day, measure, procedure_code, field_code
