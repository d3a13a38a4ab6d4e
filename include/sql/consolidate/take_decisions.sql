-- Grain: one new or changed record. Reads identity_decision. Writes compared: the dossier that the record is a copy of,
-- if any, and its unit.
update compared
set
    duplicate_of = identity_decision.duplicate_of,
    unit_id = identity_decision.unit_id,
    reported_unit_id = identity_decision.reported_unit_id
from identity_decision
where
    identity_decision.version_id is null
    and compared.system_code = identity_decision.system_code
    and compared.agency_code = identity_decision.agency_code
    and compared.dossier_id = identity_decision.dossier_id
    and compared.outcome in ('new', 'changed')
