-- Grain: unit, procedure, field, day, measure. Reads measure_recomputed. Writes measure_day, which must not have these
-- measures. Without measures every one is counted.
insert into measure_day (unit_id, procedure_code, field_code, on_day, measure, quantity)
select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    quantity
from measure_recomputed
where cast(:measures as text[]) is null or measure = any(cast(:measures as text[]))
