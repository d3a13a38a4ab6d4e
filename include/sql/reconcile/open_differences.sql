-- Grain: one difference. Reads portal_difference. Open differences of one province or of all, the oldest first.
select
    root_unit_id,
    unit_id,
    procedure_code,
    metric,
    period_type,
    from_date,
    to_date,
    kind,
    ours,
    theirs,
    why,
    first_seen_on,
    last_seen_on,
    cast(:today as date) - first_seen_on as age_days
from portal_difference
where
    closed_on is null
    and (cast(:root_unit_id as text) is null or root_unit_id = :root_unit_id)
order by first_seen_on, root_unit_id, unit_id, procedure_code, metric
