-- Grain: one record set aside. Writes quarantine_record. Why: a record that breaks a critical rule is kept with every
-- rule it broke, so that the office that owns it can correct it at the source. `:records` is a JSON array.
insert into quarantine_record (
    batch_id,
    source_id,
    record_kind,
    record_no,
    system_code,
    agency_code,
    record_id,
    dossier_no,
    unit_id,
    broken_rules,
    record
)
select
    :batch_id as batch_id,
    :source_id as source_id,
    :record_kind as record_kind,
    given.record_no,
    given.system_code,
    given.agency_code,
    given.record_id,
    given.dossier_no,
    given.unit_id,
    given.broken_rules,
    given.record
from jsonb_to_recordset(cast(:records as jsonb)) as given (
    record_no integer,
    system_code text,
    agency_code text,
    record_id text,
    dossier_no text,
    unit_id text,
    broken_rules jsonb,
    record jsonb
)
