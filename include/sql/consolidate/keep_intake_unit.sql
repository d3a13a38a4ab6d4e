-- Grain: one accepted record. Reads compared, dossier_version, unit_heir. Writes compared: a dossier that an heir
-- reports stays with the unit that received it, so that the received and resolved counts of that unit do not move when
-- it ends (design.md idea 4). The reporting unit is stored in a separate column.
update compared
set unit_id = known.unit_id, reported_unit_id = compared.unit_id
from dossier_version as known
inner join unit_heir on known.unit_id = unit_heir.unit_id
where
    compared.known_version_id = known.version_id
    and compared.outcome = 'changed'
    and compared.unit_id = unit_heir.heir_id
