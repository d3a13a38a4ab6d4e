-- Grain: one record of a source that is set aside and not settled, and has a key. Reads quarantine_status. What tells
-- it from another dossier of the same key, as far as it could be read.
select
    record_id as dossier_id,
    cast(record ->> 'received_at' as timestamp) as received_at,
    record ->> 'procedure_code' as procedure_code,
    record ->> 'applicant_ref' as applicant_ref,
    cast(record ->> 'status_code' as smallint) as status_code,
    cast(record ->> 'finished_at' as timestamp) as finished_at,
    cast(record ->> 'returned_at' as timestamp) as returned_at
from quarantine_status
where
    source_id = :source_id
    and record_kind = 'dossier'
    and status = 'open'
    and record_id is not null
    and (system_code, agency_code) = (:system_code, :agency_code)
order by record_id
