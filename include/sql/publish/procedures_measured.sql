-- Grain: one unit, measure and procedure with at least one such dossier in the period. Reads measure_day.
-- Rows of index 766 count procedures, not dossiers (domain.md section 1.2, rows 3.2, 3.5 and 4.5a): a procedure that two
-- units handle counts once above them, so the distinct ones are told by unit and joined where they are counted.
with scope as (
    select asked.unit_id
    from unnest(cast(:unit_ids as text[])) as asked (unit_id)
),

final as (
    select
        measure_day.unit_id,
        measure_day.measure,
        measure_day.procedure_code
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
    procedure_code
from final
