-- Grain: one unit. Reads dossier_current. How many dossiers of a unit belong to a period: received by its last day and
-- not closed before its first, counted once. A dossier of which a later state is set aside is left out: it is counted
-- with those. What a share set aside is a share of.
select
    unit_id,
    count(*) as dossier_count
from dossier_current
where
    unit_id = any(cast(:unit_ids as text[]))
    and not is_deleted
    and duplicate_of is null
    and not exists (
        select
        from unnest(cast(:aside_agencies as text[]), cast(:aside_ids as text[])) as aside (agency_code, record_id)
        where aside.agency_code = dossier_current.agency_code and aside.record_id = dossier_current.dossier_id
    )
    and coalesce(received_at, refused_at, submitted_at)::date <= cast(:to_date as date)
    and coalesce(
        case when status_code in (3, 7, 8, 9, 10) then greatest(finished_at, returned_at, refused_at)::date end
        >= cast(:from_date as date),
        true
    )
group by unit_id
order by unit_id
