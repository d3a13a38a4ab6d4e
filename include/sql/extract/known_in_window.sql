-- Grain: one dossier. Reads dossier_current. The dossiers of a source that the store has in the window. A complete
-- listing must contain each of them.
select dossier_id
from dossier_current
where
    source_id = :source_id
    and not is_deleted
    and received_at >= cast(:window_from as date)
    and received_at < cast(:window_to as date) + 1
order by dossier_id
