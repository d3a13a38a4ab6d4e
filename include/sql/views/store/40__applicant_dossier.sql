-- Grain: one dossier whose applicant gave a number. Reads dossier_version, applicant_alias. Whose each dossier is, by
-- the newest reference of the applicant: dossiers of one person join whatever key was in use when each was pulled.
select
    coalesce(applicant_alias.applicant_ref, dossier_version.applicant_ref) as applicant_ref,
    dossier_version.system_code,
    dossier_version.agency_code,
    dossier_version.dossier_id
from dossier_version
left join applicant_alias on dossier_version.applicant_ref = applicant_alias.previous_ref
where dossier_version.known_to is null and dossier_version.applicant_ref is not null
