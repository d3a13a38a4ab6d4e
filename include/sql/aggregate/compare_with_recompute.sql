-- Grain: unit, procedure, field, day, measure, where they differ. Reads dossier_contribution, measure_day.
-- A recompute from the current versions must equal the sum of all increments (design.md idea 3).
with recomputed as (
    select
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        sum(quantity)::bigint as quantity
    from dossier_contribution
    where known_to is null
    group by unit_id, procedure_code, field_code, on_day, measure
)

select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    coalesce(measure_day.quantity, 0) as incremental,
    coalesce(recomputed.quantity, 0) as recomputed
from recomputed
full outer join measure_day using (unit_id, procedure_code, field_code, on_day, measure)
where recomputed.quantity is distinct from measure_day.quantity
order by unit_id, on_day, measure, procedure_code, field_code
