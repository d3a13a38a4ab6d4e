-- Grain: one version. Reads compared. Ends the versions that the batch's changed records supersede.
update {version_table} as known
set known_to = compared.made_at, superseded_by_batch_id = :batch_id
from compared
where known.version_id = compared.known_version_id and compared.outcome = 'changed'
