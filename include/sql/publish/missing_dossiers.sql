-- Grain: one source and reason. Reads dossier_span, dossier_absence. How many dossiers belong to a period although
-- nobody knows whether they go on:
--   not_shown      the source no longer shows the dossier, and nothing proves that it is deleted
--   source_gone    the catalogue has no such source (:catalogued), so nobody can be asked
--   source_ended   the dossier is open, and its source is not in force any more (:in_force) on the last day
with spans as (
    select
        system_code,
        agency_code,
        dossier_id,
        source_id,
        case
            when source_id <> all(cast(:catalogued as text[])) then 'source_gone'
            when is_open and source_id <> all(cast(:in_force as text[])) then 'source_ended'
        end as left_behind
    from dossier_span
    where
        unit_id = any(cast(:unit_ids as text[]))
        and begun_on <= cast(:to_date as date)
        and coalesce(closed_on >= cast(:from_date as date), true)
),

doubted as (
    select
        spans.source_id,
        case when absence.dossier_id is null then spans.left_behind else 'not_shown' end as reason
    from spans
    left join dossier_absence as absence
        on
            spans.system_code = absence.system_code
            and spans.agency_code = absence.agency_code
            and spans.dossier_id = absence.dossier_id
            and absence.state = 'unconfirmed'
    where absence.dossier_id is not null or spans.left_behind is not null
)

select
    source_id,
    reason,
    count(*) as dossier_count
from doubted
group by source_id, reason
order by source_id, reason
