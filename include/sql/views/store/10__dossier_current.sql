-- Grain: one dossier. Reads dossier_version. The current version of each dossier.
select dossier_version.*
from dossier_version
where dossier_version.known_to is null
