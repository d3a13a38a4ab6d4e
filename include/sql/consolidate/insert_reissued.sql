-- Grain: one dossier version. Reads reissued, dossier_version. Writes again a version of which the source said
-- nothing new, but which counts otherwise than before: it is now a copy, no longer one, or proven to be deleted.
-- `said_at` stays when its source said it, so that what the source says later still counts as later; a deletion is
-- said by the batch.
insert into dossier_version (
    system_code, agency_code, dossier_id, dossier_no, reference_uid, parent_dossier_id, unit_code, procedure_code,
    procedure_suffix, source_field_code, status_code, source_status, channel_code, submitted_at, received_at, due_at,
    finished_at, returned_at, refused_at, paused_at, is_clock_stopped, supplement_count, apology_count, apology_at,
    fee_amount, paid_online_code, online_level, applicant_kind, applicant_ref, unit_id, field_code, content_hash,
    modified_at, source_id, batch_id, known_from, said_at, duplicate_of,
    is_deleted, deletion_proof, reported_unit_id
)
select
    known.system_code,
    known.agency_code,
    known.dossier_id,
    known.dossier_no,
    known.reference_uid,
    known.parent_dossier_id,
    known.unit_code,
    known.procedure_code,
    known.procedure_suffix,
    known.source_field_code,
    known.status_code,
    known.source_status,
    known.channel_code,
    known.submitted_at,
    known.received_at,
    known.due_at,
    known.finished_at,
    known.returned_at,
    known.refused_at,
    known.paused_at,
    known.is_clock_stopped,
    known.supplement_count,
    known.apology_count,
    known.apology_at,
    known.fee_amount,
    known.paid_online_code,
    known.online_level,
    known.applicant_kind,
    known.applicant_ref,
    reissued.unit_id,
    known.field_code,
    known.content_hash,
    known.modified_at,
    known.source_id,
    :batch_id as batch_id,
    greatest(known.known_from, :known_from) as known_from,
    case when reissued.is_deleted then :known_from else coalesce(known.said_at, known.known_from) end as said_at,
    reissued.duplicate_of,
    reissued.is_deleted,
    reissued.deletion_proof,
    reissued.reported_unit_id
from reissued
inner join dossier_version as known on reissued.version_id = known.version_id
order by known.version_id
