-- Grain: unit, procedure, field, day, measure. Reads dossier_contribution. What the daily measures must be: the sum of
-- the contributions of what is known now (design.md idea 3).
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
