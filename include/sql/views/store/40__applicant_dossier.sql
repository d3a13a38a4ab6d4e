-- Grain: one dossier whose applicant gave an identity number. Reads dossier_version, applicant_alias. The applicant of
-- each dossier, by the newest reference: dossiers of one person join, whatever key was in use at the time of the pull.
select
    coalesce(applicant_alias.applicant_ref, dossier_version.applicant_ref) as applicant_ref,
    dossier_version.system_code,
    dossier_version.agency_code,
    dossier_version.dossier_id
from dossier_version
left join applicant_alias on dossier_version.applicant_ref = applicant_alias.previous_ref
where dossier_version.known_to is null and dossier_version.applicant_ref is not null
