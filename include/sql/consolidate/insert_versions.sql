-- Grain: one dossier version. Reads compared, identity_decision. Writes a version for each new or changed record of the
-- batch, and says of which other dossier it is a copy, if it is one.
insert into dossier_version (
    system_code, agency_code, dossier_id, dossier_no, reference_uid, parent_dossier_id, unit_code, procedure_code,
    procedure_suffix, source_field_code, status_code, source_status, channel_code, submitted_at, received_at, due_at,
    finished_at, returned_at, refused_at, paused_at, is_clock_stopped, supplement_count, apology_count, apology_at,
    fee_amount, paid_online_code, online_level, applicant_kind, applicant_ref, components_count,
    components_digitised_count, components_reused_count, components_from_store_count, has_electronic_result,
    is_identity_verified, uses_population_data, is_non_territorial, is_synced_to_portal, overdue_reason_code,
    satisfaction_code, unit_id, field_code, content_hash, modified_at, source_id, batch_id, known_from, said_at,
    duplicate_of, reported_unit_id
)
select
    compared.system_code,
    compared.agency_code,
    compared.dossier_id,
    compared.dossier_no,
    compared.reference_uid,
    compared.parent_dossier_id,
    compared.unit_code,
    compared.procedure_code,
    compared.procedure_suffix,
    compared.source_field_code,
    compared.status_code,
    compared.source_status,
    compared.channel_code,
    compared.submitted_at,
    compared.received_at,
    compared.due_at,
    compared.finished_at,
    compared.returned_at,
    compared.refused_at,
    compared.paused_at,
    compared.is_clock_stopped,
    compared.supplement_count,
    compared.apology_count,
    compared.apology_at,
    compared.fee_amount,
    compared.paid_online_code,
    compared.online_level,
    compared.applicant_kind,
    compared.applicant_ref,
    compared.components_count,
    compared.components_digitised_count,
    compared.components_reused_count,
    compared.components_from_store_count,
    compared.has_electronic_result,
    compared.is_identity_verified,
    compared.uses_population_data,
    compared.is_non_territorial,
    compared.is_synced_to_portal,
    compared.overdue_reason_code,
    compared.satisfaction_code,
    coalesce(identity_decision.unit_id, compared.unit_id) as unit_id,
    compared.field_code,
    compared.content_hash,
    compared.modified_at,
    :source_id as source_id,
    :batch_id as batch_id,
    compared.made_at as known_from,
    :known_from as said_at,
    identity_decision.duplicate_of,
    case
        when identity_decision.unit_id is null then compared.reported_unit_id else identity_decision.reported_unit_id
    end as reported_unit_id
from compared
left join identity_decision
    on
        identity_decision.version_id is null
        and compared.system_code = identity_decision.system_code
        and compared.agency_code = identity_decision.agency_code
        and compared.dossier_id = identity_decision.dossier_id
where compared.outcome in ('new', 'changed')
order by compared.record_no
