-- Grain: one accepted record. Reads compared, dossier_version, unit_heir. Writes compared: a dossier that an heir
-- reports stays with the unit that took it in, so that what that unit received and resolved does not move when it ends
-- (design.md idea 4). Who reports it now is kept beside it.
update compared
set unit_id = known.unit_id, reported_unit_id = compared.unit_id
from dossier_version as known
inner join unit_heir on known.unit_id = unit_heir.unit_id
where
    compared.known_version_id = known.version_id
    and compared.outcome = 'changed'
    and compared.unit_id = unit_heir.heir_id
