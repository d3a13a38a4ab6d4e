-- Grain: unit, field, day, measure, procedure and kind of record. Reads measure_day, petition_contribution. The
-- measures that the columns of forms use: the stored daily measures of dossiers, and those of petitions, which are few
-- and are summed at query time. A petition has no field and no procedure.
select
    unit_id,
    field_code,
    on_day,
    measure,
    quantity,
    procedure_code
from measure_day
union all
select
    unit_id,
    'petition' as field_code,
    on_day,
    measure,
    quantity,
    'petition' as procedure_code
from petition_contribution
where known_to is null
