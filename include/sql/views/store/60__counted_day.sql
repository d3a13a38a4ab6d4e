-- Grain: unit, field, day, measure, procedure and what is counted. Reads measure_day, petition_contribution. What the
-- columns of forms are made of: the daily measures of dossiers, and those of petitions, which are few and summed when
-- asked for. A petition has neither field nor procedure.
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
