-- Grain: one unit. Reads dossier_span. How many dossiers of a unit belong to a period: begun by its last day and not
-- closed before its first, counted once. A dossier of which a later state is set aside is left out: it is counted with
-- those. What a share set aside is a share of.
select
    unit_id,
    count(*) as dossier_count
from dossier_span
where
    unit_id = any(cast(:unit_ids as text[]))
    and begun_on <= cast(:to_date as date)
    and coalesce(closed_on >= cast(:from_date as date), true)
    and not exists (
        select
        from unnest(cast(:aside_agencies as text[]), cast(:aside_ids as text[])) as aside (agency_code, record_id)
        where aside.agency_code = dossier_span.agency_code and aside.record_id = dossier_span.dossier_id
    )
group by unit_id
order by unit_id
