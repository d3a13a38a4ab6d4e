-- Grain: one accepted record whose content repeats what is known. Reads compared, dossier_version, applicant_alias.
-- Writes compared: what the content does not tell of a dossier. Another applicant is a change; under another key the
-- same person has another reference, which is none. A dossier that we held to be deleted and that its source shows
-- again is changed by that alone.
update compared
set outcome = 'changed'
from dossier_version as known
left join applicant_alias as known_as on known.applicant_ref = known_as.previous_ref
where
    compared.outcome = 'unchanged'
    and not compared.is_known_newer
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
