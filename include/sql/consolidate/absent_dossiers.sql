-- Grain: one dossier. Reads dossier_absence. The dossiers of a source that were missing and have not been seen since.
select dossier_id
from dossier_absence
where source_id = :source_id and state in ('unconfirmed', 'tombstoned')
