-- Grain: one figure of the portal. Writes portal_figure. Each run adds a snapshot, because the portal changes its past
-- figures (quirk d.17).
insert into portal_figure (
    fetched_at, root_unit_id, period_type, from_date, to_date,
    department_id, department_name, unit_id, procedure_code, metric, quantity
)
select
    :fetched_at,
    :root_unit_id,
    :period_type,
    :from_date,
    :to_date,
    said.department_id,
    said.department_name,
    said.unit_id,
    said.procedure_code,
    said.metric,
    said.quantity
from unnest(
    cast(:department_ids as text[]),
    cast(:department_names as text[]),
    cast(:unit_ids as text[]),
    cast(:procedure_codes as text[]),
    cast(:metrics as text[]),
    cast(:quantities as bigint[])
) as said (department_id, department_name, unit_id, procedure_code, metric, quantity)
