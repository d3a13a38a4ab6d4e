-- Grain: one unit, measure and procedure with dossiers in the period. Reads measure_day.
-- Rows of index 766 count procedures, or dossiers of some procedures (domain.md section 1.2, rows 3.2, 3.5, 4.1 and
-- 4.5a). A procedure that two units handle counts once above them, so they are told by unit and joined where counted.
with scope as (
    select asked.unit_id
    from unnest(cast(:unit_ids as text[])) as asked (unit_id)
),

final as (
    select
        measure_day.unit_id,
        measure_day.measure,
        measure_day.procedure_code,
        cast(sum(measure_day.quantity) as bigint) as quantity
    from measure_day
    inner join scope on measure_day.unit_id = scope.unit_id
    where
        measure_day.measure = any(cast(:measures as text[]))
        and measure_day.on_day between cast(:from_date as date) and cast(:to_date as date)
    group by measure_day.unit_id, measure_day.measure, measure_day.procedure_code
    having sum(measure_day.quantity) > 0
)

select
    unit_id,
    measure,
    procedure_code,
    quantity
from final
