-- Grain: unit, procedure, field, day, measure. Reads dossier_contribution. The expected daily measures: the sums of the
-- contributions of the current versions (design.md idea 3).
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
