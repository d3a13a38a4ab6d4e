-- Grain: one quarantine record. Reads reissued, dossier_version. Writes quarantine_record: settles the records set
-- aside of a dossier that is deleted at its source. They need no decision any more.
update quarantine_record
set accepted_in_batch_id = :batch_id
from reissued
inner join dossier_version as known on reissued.version_id = known.version_id
where
    reissued.is_deleted
    and quarantine_record.record_kind = 'dossier'
    and quarantine_record.accepted_in_batch_id is null
    and quarantine_record.system_code = known.system_code
    and quarantine_record.agency_code = known.agency_code
    and quarantine_record.record_id = known.dossier_id
