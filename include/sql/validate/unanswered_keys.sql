-- Grain: one record of a source that was set aside and has not been accepted since. Reads quarantine_record.
select distinct
    system_code,
    agency_code,
    record_id
from quarantine_record
where
    source_id = :source_id
    and record_kind = :record_kind
    and batch_id <> :batch_id
    and accepted_in_batch_id is null
    and record_id is not null
