-- Grain: one dossier version. Reads compared. Writes a version for each new or changed record of the batch.
insert into dossier_version (
    system_code, agency_code, dossier_id, dossier_no, reference_uid, parent_dossier_id, unit_code, procedure_code,
    procedure_suffix, source_field_code, status_code, source_status, channel_code, submitted_at, received_at, due_at,
    finished_at, returned_at, refused_at, paused_at, is_clock_stopped, supplement_count, apology_count, apology_at,
    fee_amount, paid_online_code, online_level, applicant_kind, applicant_ref, unit_id, field_code, content_hash,
    source_id, batch_id, known_from
)
select
    system_code,
    agency_code,
    dossier_id,
    dossier_no,
    reference_uid,
    parent_dossier_id,
    unit_code,
    procedure_code,
    procedure_suffix,
    source_field_code,
    status_code,
    source_status,
    channel_code,
    submitted_at,
    received_at,
    due_at,
    finished_at,
    returned_at,
    refused_at,
    paused_at,
    is_clock_stopped,
    supplement_count,
    apology_count,
    apology_at,
    fee_amount,
    paid_online_code,
    online_level,
    applicant_kind,
    applicant_ref,
    unit_id,
    field_code,
    content_hash,
    :source_id,
    :batch_id,
    :known_from as known_from
from compared
where outcome in ('new', 'changed')
order by record_no
