-- Grain: one unit, measure and procedure with dossiers in the period. Reads measure_day.
-- Rows of index 766 count procedures, or dossiers of some procedures (domain.md section 1.2, rows 3.2, 3.5, 4.1 and
-- 4.5a). A procedure that two units handle counts once above them, so they are told by unit and joined where counted.
with scope as (
    select asked.unit_id
    from unnest(cast(:unit_ids as text[])) as asked (unit_id)
),

counted as (
    select
        unit_id,
        measure,
        procedure_code,
        cast(sum(quantity) as bigint) as quantity
    from measure_day
    where
        measure = any(cast(:measures as text[]))
        and on_day between cast(:from_date as date) and cast(:to_date as date)
        and unit_id in (select scope.unit_id from scope)
    group by unit_id, measure, procedure_code
),

final as (
    select
        unit_id,
        measure,
        procedure_code,
        quantity
    from counted
    where quantity > 0
)

select
    unit_id,
    measure,
    procedure_code,
    quantity
from final
