-- Grain: one dossier. Reads dossier_current. What we believe is still open at a source and was received before the
-- window. There is no modified-since filter, so each is pulled again until the source says it ended
-- (one_stop_systems.md a.2).
select dossier_id
from dossier_current
where
    source_id = :source_id
    and not is_deleted
    and status_code in (2, 4, 5, 6)
    and received_at < cast(:window_from as date)
order by dossier_id
