-- Grain: one dossier version. Reads reissued. Ends the versions that are written again because they now count
-- differently.
update dossier_version
set known_to = greatest(dossier_version.known_from, :known_from), superseded_by_batch_id = :batch_id
from reissued
where dossier_version.version_id = reissued.version_id
