-- Grain: one dossier. Reads dossier_version. What is known of each dossier now.
select dossier_version.*
from dossier_version
where dossier_version.known_to is null
