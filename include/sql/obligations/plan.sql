-- Grain: one unit, report and period. Writes obligation. The reports that a unit owes, planned in advance (design.md
-- idea 8). Planning again changes only the due day of an obligation that is not yet due, when a rule of the catalogue
-- moved it.
insert into obligation (
    obligation_id, report_code, unit_id, period_type, period_label, from_date, to_date, due_on, evidence
)
select
    planned.obligation_id,
    planned.report_code,
    planned.unit_id,
    planned.period_type,
    planned.period_label,
    planned.from_date,
    planned.to_date,
    planned.due_on,
    planned.evidence
from
    unnest(
        cast(:obligation_ids as text[]),
        cast(:report_codes as text[]),
        cast(:unit_ids as text[]),
        cast(:period_types as text[]),
        cast(:period_labels as text[]),
        cast(:from_dates as date[]),
        cast(:to_dates as date[]),
        cast(:due_days as date[]),
        cast(:evidences as text[])
    )
        as planned (
            obligation_id, report_code, unit_id, period_type, period_label, from_date, to_date, due_on, evidence
        )
on conflict (report_code, unit_id, period_type, from_date, to_date) do update
    set due_on = excluded.due_on, evidence = excluded.evidence
    where obligation.due_on >= :today and obligation.due_on <> excluded.due_on
returning obligation_id
