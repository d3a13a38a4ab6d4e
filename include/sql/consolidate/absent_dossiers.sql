-- Grain: one dossier of a source that was missed and not seen since. Reads dossier_absence.
select dossier_id
from dossier_absence
where source_id = :source_id and state in ('unconfirmed', 'tombstoned')
