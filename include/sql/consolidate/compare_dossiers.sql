-- Grain: one accepted record whose content equals the known version. Reads compared, dossier_version, applicant_alias.
-- Writes compared: marks changes that the content hash does not show. Another applicant is a change. The same person
-- under another key has another reference, but that is not a change. A dossier that is marked as deleted and that its
-- source shows again is a change in itself. A record that differs so and is older than the known version is stale.
update compared
set outcome = case when compared.is_known_newer then 'stale' else 'changed' end
from dossier_version as known
left join applicant_alias as known_as on known.applicant_ref = known_as.previous_ref
where
    compared.outcome = 'unchanged'
    and compared.known_version_id = known.version_id
    and (
        known.is_deleted
        or coalesce(known_as.applicant_ref, known.applicant_ref, '')
        <> coalesce(
            (
                select said_as.applicant_ref
                from applicant_alias as said_as
                where said_as.previous_ref = compared.applicant_ref
            ),
            compared.applicant_ref,
            ''
        )
    )
