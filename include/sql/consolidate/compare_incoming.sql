-- Grain: one accepted record of a batch. Reads accepted_record (the staging table), dossier_version, applicant_alias.
-- Says of each record whether it is new, changes what is known, or repeats it. The content hash covers what the
-- source says of the dossier and what we made of it (unit, field), nothing of when or how we heard it. The applicant is
-- compared apart: under another key the same person has another reference, which is no change.
-- Facts a source does not say are left out of the hash: one that says none of them has the hash it had before they
-- were known here.
-- A record pulled before what is already known (a replay of an old batch) changes nothing. A dossier that we held to
-- be deleted and that its source shows again is changed by that alone.
create temporary table compared on commit drop as
with incoming as (
    select
        *,
        encode(sha256(convert_to((jsonb_build_array(
            dossier_no, reference_uid, parent_dossier_id, unit_code, procedure_code, procedure_suffix,
            source_field_code, status_code, source_status, channel_code, submitted_at, received_at, due_at,
            finished_at, returned_at, refused_at, paused_at, is_clock_stopped, supplement_count, apology_count,
            apology_at, fee_amount, paid_online_code, online_level, applicant_kind, unit_id, field_code
        ) || case
            when num_nonnulls(
                components_count, components_digitised_count, components_reused_count, components_from_store_count,
                has_electronic_result, is_identity_verified, uses_population_data, is_non_territorial,
                is_synced_to_portal, overdue_reason_code, satisfaction_code
            ) = 0 then '[]'::jsonb
            else jsonb_strip_nulls(jsonb_build_object(
                'components_count', components_count,
                'components_digitised_count', components_digitised_count,
                'components_reused_count', components_reused_count,
                'components_from_store_count', components_from_store_count,
                'has_electronic_result', has_electronic_result,
                'is_identity_verified', is_identity_verified,
                'uses_population_data', uses_population_data,
                'is_non_territorial', is_non_territorial,
                'is_synced_to_portal', is_synced_to_portal,
                'overdue_reason_code', overdue_reason_code,
                'satisfaction_code', satisfaction_code
            ))
        end)::text, 'UTF8')), 'hex') as content_hash
    from accepted_record
    where batch_id = :batch_id
)

select
    incoming.*,
    null::text as reported_unit_id,
    known.version_id as known_version_id,
    known.duplicate_of as known_duplicate_of,
    known.is_deleted as is_known_deleted,
    greatest(known.known_from, :known_from) as made_at,
    case
        when known.version_id is null then 'new'
        when
            known.content_hash = incoming.content_hash
            and not known.is_deleted
            and coalesce(known_as.applicant_ref, known.applicant_ref, '')
            = coalesce(said_as.applicant_ref, incoming.applicant_ref, '')
            then 'unchanged'
        when coalesce(known.said_at, known.known_from) >= :known_from then 'unchanged'
        else 'changed'
    end as outcome
from incoming
left join dossier_version as known
    on
        incoming.system_code = known.system_code
        and incoming.agency_code = known.agency_code
        and incoming.dossier_id = known.dossier_id
        and known.known_to is null
left join applicant_alias as known_as on known.applicant_ref = known_as.previous_ref
left join applicant_alias as said_as on incoming.applicant_ref = said_as.previous_ref
