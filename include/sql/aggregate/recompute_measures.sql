-- Grain: unit, procedure, field, day, measure. Reads measure_recomputed. Writes measure_day, which must be empty.
insert into measure_day (unit_id, procedure_code, field_code, on_day, measure, quantity)
select
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    quantity
from measure_recomputed
