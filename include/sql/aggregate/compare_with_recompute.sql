-- Grain: unit, procedure, field, day, measure whose two sums differ. Reads measure_recomputed, measure_day.
-- A recomputation from the current versions must equal the sum of all increments (design.md idea 3); nothing is
-- published from measures that differ (idea 9). Without unit_ids every unit is compared.
with recomputed as (
    select *
    from measure_recomputed
    where cast(:unit_ids as text[]) is null or unit_id = any(cast(:unit_ids as text[]))
),

measured as (
    select *
    from measure_day
    where cast(:unit_ids as text[]) is null or unit_id = any(cast(:unit_ids as text[]))
)

select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    coalesce(measured.quantity, 0) as incremental,
    coalesce(recomputed.quantity, 0) as recomputed
from recomputed
full outer join measured using (unit_id, procedure_code, field_code, on_day, measure)
where recomputed.quantity is distinct from measured.quantity
order by unit_id, on_day, measure, procedure_code, field_code
