-- Grain: one dossier. Reads dossier_current. What the store knows of a source's days: a complete listing shows each.
select dossier_id
from dossier_current
where
    source_id = :source_id
    and not is_deleted
    and received_at >= cast(:window_from as date)
    and received_at < cast(:window_to as date) + 1
order by dossier_id
