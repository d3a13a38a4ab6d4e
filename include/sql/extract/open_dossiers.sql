-- Grain: one dossier. Reads dossier_current. Dossiers of a source that are open in the store and were received before
-- the window. The source has no modified-since filter, so each dossier is pulled again until the source states that it
-- ended (one_stop_systems.md a.2).
select dossier_id
from dossier_current
where
    source_id = :source_id
    and not is_deleted
    and status_code = any(:open_statuses)
    and received_at < cast(:window_from as date)
order by dossier_id
