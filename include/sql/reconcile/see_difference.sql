-- Grain: one difference. Writes portal_difference. Adds a new difference, or updates the open one of the same unit,
-- procedure and metric.
insert into portal_difference (
    root_unit_id, unit_id, procedure_code, metric, period_type, from_date, to_date,
    kind, ours, theirs, why, first_seen_on, last_seen_on
)
values (
    :root_unit_id, :unit_id, :procedure_code, :metric, :period_type, :from_date, :to_date,
    :kind, :ours, :theirs, :why, :today, :today
)
on conflict (root_unit_id, unit_id, procedure_code, metric, period_type, from_date, to_date)
where closed_on is null
do update set
    kind = excluded.kind,
    ours = excluded.ours,
    theirs = excluded.theirs,
    why = excluded.why,
    last_seen_on = greatest(portal_difference.last_seen_on, excluded.last_seen_on)
