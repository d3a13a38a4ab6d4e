-- Grain: one record set aside. Writes quarantine_record. Why: a record that breaks a critical rule is kept with every
-- rule it broke, so that the office that owns it can correct it at the source. `:records` is a JSON array.
insert into quarantine_record (
    batch_id, source_id, record_no, system_code, agency_code, dossier_id, dossier_no, broken_rules, record
)
select
    :batch_id as batch_id,
    :source_id as source_id,
    given.record_no,
    given.system_code,
    given.agency_code,
    given.dossier_id,
    given.dossier_no,
    given.broken_rules,
    given.record
from jsonb_to_recordset(cast(:records as jsonb)) as given (
    record_no integer,
    system_code text,
    agency_code text,
    dossier_id text,
    dossier_no text,
    broken_rules jsonb,
    record jsonb
)
