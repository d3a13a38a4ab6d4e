-- Grain: unit, procedure, field, day, measure. Reads dossier_contribution. Writes measure_day, emptied beforehand.
insert into measure_day (unit_id, procedure_code, field_code, on_day, measure, quantity)
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
