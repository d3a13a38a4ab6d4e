-- Grain: one dossier that was open and overdue at the end of a day. Reads dossier_contribution, dossier_version.
-- For the units themselves: a number may be personal data (domain.md section 7), so this never goes to the warehouse.
-- Only dossier_contribution decides which dossiers are overdue. The step is the last known status; it begins at the
-- first of the consecutive versions that have this status.
with flows as (
    select
        version_id,
        min(on_day) filter (where measure = 'became_overdue') as overdue_on,
        min(on_day) filter (where measure = 'overdue_cleared') as cleared_on
    from dossier_contribution
    where
        known_to is null
        and measure in ('became_overdue', 'overdue_cleared')
        and on_day <= :on_day
        and unit_id = any(cast(:unit_ids as text[]))
    group by version_id
),

overdue as (
    select known.*
    from flows
    inner join dossier_version as known on flows.version_id = known.version_id
    where flows.overdue_on is not null and flows.cleared_on is null
),

steps as (
    select
        overdue.version_id,
        min(earlier.known_from) as in_step_since
    from overdue
    inner join dossier_version as earlier
        on
            overdue.system_code = earlier.system_code
            and overdue.agency_code = earlier.agency_code
            and overdue.dossier_id = earlier.dossier_id
            and overdue.status_code = earlier.status_code
    where
        not exists (
            select from dossier_version as between_them
            where
                between_them.system_code = overdue.system_code
                and between_them.agency_code = overdue.agency_code
                and between_them.dossier_id = overdue.dossier_id
                and between_them.status_code <> overdue.status_code
                and between_them.known_from > earlier.known_from
        )
    group by overdue.version_id
)

select
    overdue.dossier_no,
    overdue.unit_id,
    overdue.procedure_code,
    overdue.status_code,
    steps.in_step_since,
    overdue.received_at::date as received_on,
    overdue.due_at::date as due_on,
    overdue.apology_at::date as apology_on,
    overdue.apology_at is not null or coalesce(overdue.apology_count, 0) > 0 as has_apology,
    overdue.overdue_reason_code
from overdue
inner join steps on overdue.version_id = steps.version_id
order by overdue.unit_id, overdue.due_at, overdue.dossier_no
