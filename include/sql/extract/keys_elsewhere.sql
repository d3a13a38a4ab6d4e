-- Grain: one count. Reads dossier_current. The dossiers of a source that stand under another system or agency than the
-- catalogue gives the source today, so that a pull would make each of them a second time.
select count(*) as dossier_count
from dossier_current
where source_id = :source_id and not is_deleted and (system_code, agency_code) <> (:system_code, :agency_code)
